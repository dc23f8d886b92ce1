//! Is whoever was erased gone from every record?

use std::sync::Arc;

use nigh_graph::{Adjacency, GraphFile};
use nigh_store::NetworkChange;

use super::held::{Held, ends, named};
use crate::doctor::{Check, Findings};
use crate::network::ranking::Ranking;

/// Erased people keep a number and nothing else: no edge, rule, attribute, change, list, id or row of a table.
pub(super) fn check(
    held: &Held,
    graph: Option<&Arc<GraphFile>>,
    ranking: Option<&Ranking>,
) -> Check {
    let mut findings = Findings::default();
    let is_cut_off = |(_, change): &(u64, NetworkChange)| matches!(change, NetworkChange::Erase(_));
    if held.erasing || held.changes.iter().any(is_cut_off) {
        findings.add(|| {
            "an erasure was cut off; the next command that writes to the network ends it".to_owned()
        });
        return findings.check(NAME, "");
    }
    check_records(held, &mut findings);
    let people = 0..held.people.len() as u32;
    let erased: Vec<u32> = people.filter(|&number| held.is_erased(number)).collect();
    for &number in &erased {
        if !held.people[number as usize].attributes.is_empty() {
            findings.add(|| format!("erased person number {number} still has attributes"));
        }
        if let Some(graph) = graph {
            check_graph(number, graph, &mut findings);
        }
    }
    for number in ranking.map_or(Vec::new(), |ranking| ranking.knows(&erased)) {
        findings.add(|| {
            format!(
                "the trained ranking still knows erased person number {number}; `nigh people train` makes it again"
            )
        });
    }
    let fine = match erased.len() {
        0 => "nobody was erased".to_owned(),
        erased => format!(
            "nothing is left of {erased} erased people in edges, rules, attributes, log, graph and ranking"
        ),
    };
    findings.check(NAME, fine)
}

const NAME: &str = "erasure";

fn check_records(held: &Held, findings: &mut Findings) {
    let is_erased = |number: &u32| held.is_erased(*number);
    for edge in &held.edges {
        if let Some(number) = [edge.a, edge.b].iter().find(|number| is_erased(number)) {
            findings.add(|| format!("erased person number {number} still has an edge"));
        }
    }
    for rule in &held.rules {
        if let Some(number) = ends(*rule).iter().find(|number| is_erased(number)) {
            findings.add(|| format!("a rule still names erased person number {number}"));
        }
    }
    let mut people = held.folded_people() as u32;
    for (change, what) in &held.changes {
        let mut numbers = named(what);
        if matches!(what, NetworkChange::AddPerson(_)) {
            numbers.push(people);
            people += 1;
        }
        if let Some(number) = numbers.iter().find(|number| is_erased(number)) {
            findings.add(|| {
                format!("change {change} in the log still names erased person number {number}")
            });
        }
    }
}

fn check_graph(number: u32, graph: &GraphFile, findings: &mut Findings) {
    if number as usize >= graph.nodes() {
        return;
    }
    if graph.degree(number) > 0 {
        findings
            .add(|| format!("the graph has a list of friends of erased person number {number}"));
    }
    if !graph.ids().get(number).is_empty() {
        findings.add(|| format!("the graph has an id of erased person number {number}"));
    }
}

/// Whether the records know somebody by an id.
pub(super) fn check_id(id: &str, held: &Held, graph: Option<&Arc<GraphFile>>) -> Check {
    let mut findings = Findings::default();
    if held.people.iter().any(|person| person.id == id) {
        findings.add(|| format!("{id:?} is a person of this network"));
    }
    for (number, change) in &held.changes {
        if matches!(change, NetworkChange::AddPerson(person) if person.id == id) {
            findings.add(|| format!("change {number} in the log adds {id:?}"));
        }
    }
    if graph.is_some_and(|graph| graph.ids().find(id).is_some()) {
        findings.add(|| format!("the graph has the id {id:?}"));
    }
    findings.check("id", format!("no record and no graph knows {id:?}"))
}
