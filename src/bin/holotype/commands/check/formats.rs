//! The findings of the gate as text, SARIF, JUnit XML and Markdown. What each format cannot say is left to `--json`.

use std::fmt::Write;

use holotype::codec::push_markup;
use holotype::model::Severity;
use holotype::quality::gate::{Judged, meaning};
use serde_json::{Value, json};

use super::Told;
use crate::app::App;
use crate::failure::Failure;
use crate::output::one_line;

/// The file that findings are pinned to where a format wants one: those who show SARIF leave out what has no file.
const PLACE: &str = ".holotype/repository.json";

impl Told<'_> {
    pub(super) fn text(&self, app: &mut App) -> Result<(), Failure> {
        for one in &self.report.findings {
            let finding = &one.finding;
            let line = format!(
                "{} {}  {}: {}",
                finding.severity, finding.code, finding.object, finding.message
            );
            app.out.line(one_line(&line))?;
            match &one.waiver {
                Some(waiver) => {
                    let (author, _) = self.who.of(&waiver.fact());
                    app.out.line(one_line(&format!(
                        "  waived until {} by {}: {}",
                        waiver.until,
                        author.unwrap_or("somebody not known"),
                        waiver.reason
                    )))?;
                }
                None if one.is_open() => {
                    app.out.line(format!("  settle: {}", one_line(&finding.settle)))?;
                }
                None => {}
            }
        }
        app.out.line(self.sum())?;
        let open: Vec<&str> = self.report.open_steps().map(|step| step.id.as_str()).collect();
        if !open.is_empty() {
            app.out.line(format!(
                "procedure: {} of {} steps are open: {} (holotype check procedure)",
                open.len(),
                self.report.steps.len(),
                open.join(", ")
            ))?;
        }
        Ok(())
    }

    /// The last line: how many findings are open.
    pub(super) fn sum(&self) -> String {
        let count = |is: &dyn Fn(&Judged) -> bool| self.report.findings.iter().filter(|one| is(one)).count();
        let open = self.report.open();
        let waived = count(&|one| one.waiver.is_some());
        let known = count(&|one| one.finding.severity == Severity::Information);
        let verdict = if self.report.passed() { "ok" } else { "not ok" };
        format!("{verdict}: {open} open, {waived} waived, {known} to know")
    }

    pub(super) fn markdown(&self) -> String {
        let mut out = format!("## Quality gate: {}\n\n{}\n", escaped(&self.name), self.sum());
        if self.report.findings.is_empty() {
            return out;
        }
        out.push_str("\n| | code | about | finding | settle |\n|---|---|---|---|---|\n");
        for one in &self.report.findings {
            let finding = &one.finding;
            let settle = match &one.waiver {
                Some(waiver) => format!("waived until {}: {}", waiver.until, escaped(&waiver.reason)),
                None => escaped(&finding.settle),
            };
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} | {settle} |",
                state(one),
                finding.code,
                escaped(&finding.object),
                escaped(&finding.message)
            );
        }
        out
    }

    /// JUnit XML: a test case a finding; an open one has failed, a waived one was skipped.
    pub(super) fn junit(&self) -> String {
        let findings = &self.report.findings;
        let waived = findings.iter().filter(|one| one.waiver.is_some()).count();
        let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        let counts = format!(
            "tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{waived}\"",
            findings.len(),
            self.report.open()
        );
        let _ = writeln!(out, "<testsuites {counts}>");
        let _ = writeln!(
            out,
            " <testsuite name=\"holotype check: {}\" {counts}>",
            xml(&self.name)
        );
        for one in findings {
            let finding = &one.finding;
            let (code, object) = (xml(finding.code), xml(&finding.object));
            let message = xml(&finding.message);
            let inner = match &one.waiver {
                Some(waiver) => format!(
                    "<skipped message=\"{}\"/>",
                    xml(&format!("waived until {}: {}", waiver.until, waiver.reason))
                ),
                None if one.is_open() => format!(
                    "<failure type=\"{}\" message=\"{message}\">{}</failure>",
                    finding.severity,
                    xml(&finding.settle)
                ),
                None => format!("<system-out>{message}</system-out>"),
            };
            let _ = writeln!(
                out,
                "  <testcase classname=\"{code}\" name=\"{object}\">{inner}</testcase>"
            );
        }
        out.push_str(" </testsuite>\n</testsuites>\n");
        out
    }

    /// SARIF 2.1.0 (OASIS): a result a finding, waivers as suppressions.
    pub(super) fn sarif(&self) -> String {
        let mut codes: Vec<&str> = self.report.findings.iter().map(|one| one.finding.code).collect();
        codes.sort_unstable();
        codes.dedup();
        let rules: Vec<Value> = codes
            .iter()
            .filter_map(|code| {
                let (severity, text) = meaning(code)?;
                Some(json!({"id": code, "shortDescription": {"text": text},
                            "defaultConfiguration": {"level": level(severity)}}))
            })
            .collect();
        let results: Vec<Value> = self.report.findings.iter().map(result).collect();
        let driver = json!({"name": "holotype", "version": env!("CARGO_PKG_VERSION"), "rules": rules});
        let log = json!({
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}],
        });
        format!("{log}\n")
    }
}

fn result(one: &Judged) -> Value {
    let finding = &one.finding;
    let mut result = json!({
        "ruleId": finding.code,
        "level": level(finding.severity),
        "message": {"text": format!("{}: {}. To settle: {}", finding.object, finding.message, finding.settle)},
        "locations": [{
            "physicalLocation": {"artifactLocation": {"uri": PLACE}, "region": {"startLine": 1}},
            "logicalLocations": [{"fullyQualifiedName": finding.object}],
        }],
        "partialFingerprints": {"finding/v1": format!("{} {}", finding.code, finding.object)},
    });
    if let (Value::Object(members), Some(waiver)) = (&mut result, &one.waiver) {
        let justification = format!("until {}: {}", waiver.until, waiver.reason);
        members.insert(
            "suppressions".to_owned(),
            json!([{"kind": "external", "status": "accepted", "justification": justification}]),
        );
    }
    result
}

/// The levels of SARIF.
fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Information => "note",
    }
}

fn state(one: &Judged) -> &'static str {
    match (&one.waiver, one.finding.severity) {
        (Some(_), _) => "waived",
        (None, Severity::Error) => "**error**",
        (None, Severity::Warning) => "warning",
        (None, Severity::Information) => "to know",
    }
}

/// Text that Markdown and HTML take literally, in one cell of a table.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in one_line(text).chars() {
        match character {
            '<' | '>' | '&' => push_markup(&mut safe, character),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '~' | '!' => {
                safe.push('\\');
                safe.push(character);
            }
            other => safe.push(other),
        }
    }
    safe
}

/// Text that XML takes literally; characters that XML 1.0 cannot have are written out.
fn xml(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in one_line(text).chars() {
        match character {
            '<' | '>' | '&' | '"' => push_markup(&mut safe, character),
            '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            other => safe.push(other),
        }
    }
    safe
}
