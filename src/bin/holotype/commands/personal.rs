//! Tells of personal data before it is recorded: what is hashed stays for ever.

use holotype::quality::gate::Finding;
use serde_json::{Value, json};

use crate::app::App;
use crate::failure::Failure;

/// Findings that are told one by one.
const TOLD_MAX: usize = 10;

/// What becomes of personal data that is about to be recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Privacy {
    /// It is told.
    Told,
    /// Nothing is recorded.
    Refused,
}

impl Privacy {
    /// What `--strict-privacy` asks for.
    pub(crate) fn of(strict: bool) -> Self {
        if strict { Self::Refused } else { Self::Told }
    }
}

/// Tells of findings, or refuses for the first of them.
pub(crate) fn tell(app: &App, findings: &[Finding], privacy: Privacy) -> Result<(), Failure> {
    if privacy == Privacy::Refused
        && let Some((first, more)) = findings.split_first()
    {
        return Err(Failure::refused(
            format!("{}: {} ({} more findings)", first.code, first.message, more.len()),
            format!("{} (or record it without --strict-privacy)", first.settle),
        ));
    }
    for finding in findings.iter().take(TOLD_MAX) {
        app.out.note(format!(
            "{} {}: {}",
            finding.severity, finding.code, finding.message
        ));
        app.out.note(format!("  settle: {}", finding.settle));
    }
    if findings.len() > TOLD_MAX {
        let more = findings.len() - TOLD_MAX;
        app.out
            .note(format!("{more} more findings of personal data: holotype check"));
    }
    Ok(())
}

/// Findings as members of JSON.
pub(crate) fn json(findings: &[Finding]) -> Vec<Value> {
    findings
        .iter()
        .map(|one| {
            json!({"code": one.code, "severity": one.severity.as_str(), "object": one.object,
                   "message": one.message, "settle": one.settle, "items": one.items})
        })
        .collect()
}
