//! `nigh doctor`.

use anyhow::Result;
use nigh_engine::doctor::{Check, Diagnosis, Verdict, diagnose};
use serde_json::json;

use crate::cli::DoctorArgs;
use crate::output::{Exit, Output};

pub(crate) fn run(args: &DoctorArgs, output: Output) -> Result<Exit> {
    let diagnosis = diagnose(&args.dir, args.erased.as_deref())?;
    let Diagnosis { kind, checks } = &diagnosis;
    let wrong = diagnosis.wrong();
    if args.json {
        output.json(&json!({"kind": kind, "checks": checks, "wrong": wrong}))?;
    } else {
        for check in checks {
            output.line(line(check))?;
        }
    }
    Ok(match wrong {
        0 => Exit::Done,
        _ => Exit::Failed,
    })
}

fn line(check: &Check) -> String {
    let verdict = match check.verdict {
        Verdict::Ok => "ok",
        Verdict::Unclear => "unclear",
        Verdict::Wrong => "wrong",
    };
    format!("{:<8} {verdict}: {}", check.name, check.sentence)
}
