//! `nigh people suggest`.

use anyhow::Result;
use nigh_engine::Filter;
use nigh_engine::network::{
    Network, Reason, SuggestOptions, SuggestReply, SuggestScratch, Suggestion,
};
use serde_json::{Value, json};

use super::train::ranking_note;
use crate::cli::people::SuggestArgs;
use crate::output::{Exit, Output};
use crate::{table, value};

pub(crate) fn run(args: &SuggestArgs, output: Output) -> Result<Exit> {
    let network = Network::open(&args.dir)?;
    ranking_note(&network, output);
    let filter = match &args.condition {
        Some(text) => Some(Filter::parse(text, &network.schema()?)?),
        None => None,
    };
    let options = SuggestOptions {
        k: args.k as usize,
        filter,
        ..SuggestOptions::default()
    };
    let reply = network.suggest(&args.person, &options, &mut SuggestScratch::default())?;
    if args.json {
        output.json(&reply_json(&reply))?;
        return Ok(Exit::Done);
    }
    for (place, suggestion) in reply.suggestions.iter().enumerate() {
        output.line(line(place + 1, suggestion))?;
    }
    if reply.suggestions.is_empty() {
        output.note(format!("nobody is left to suggest to {}", reply.person));
    }
    if reply.skipped_friends > 0 {
        output.note(format!(
            "the friends of {} friends with very many were not looked at",
            reply.skipped_friends
        ));
    }
    if args.explain {
        explain(&reply, output)?;
    }
    Ok(Exit::Done)
}

fn line(place: usize, suggestion: &Suggestion) -> String {
    let reasons: Vec<String> = suggestion.reasons.iter().map(Reason::to_string).collect();
    format!("{place:>3}  {}  ({})", suggestion.id, reasons.join("; "))
}

fn explain(reply: &SuggestReply, output: Output) -> Result<()> {
    output.line("")?;
    let rows = reply.trace.stages.iter().map(|stage| {
        let numbers = [stage.input, stage.output, stage.us].map(|number| number.to_string());
        let mut row = vec![stage.stage.to_owned()];
        row.extend(numbers);
        row
    });
    let rows: Vec<Vec<String>> = rows.collect();
    for line in table::lines(&["stage", "in", "out", "us"], &rows) {
        output.line(line)?;
    }
    output.line(format!(
        "ranked by {}, {} us",
        reply.ranking, reply.latency_us
    ))
}

fn reply_json(reply: &SuggestReply) -> Value {
    let suggestions: Vec<Value> = reply
        .suggestions
        .iter()
        .map(|suggestion| {
            json!({
                "id": suggestion.id,
                "score": suggestion.score,
                "reasons": suggestion.reasons.iter().map(Reason::to_string).collect::<Vec<_>>(),
                "why": suggestion.reasons,
                "attributes": value::attributes_to_json(&suggestion.attributes),
            })
        })
        .collect();
    json!({
        "person": reply.person,
        "suggestions": suggestions,
        "ranking": reply.ranking,
        "skipped_friends": reply.skipped_friends,
        "trace": reply.trace,
        "latency_us": reply.latency_us,
    })
}
