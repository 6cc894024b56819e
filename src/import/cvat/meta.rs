//! What a file says of its task, job or project: labels, people, and facts that each image takes.

use std::collections::BTreeMap;

use crate::import::colour::colour_fact;
use crate::import::document::{PrivateTextKind, SourceFacts, SourceValue};
use crate::import::personal;
use crate::import::report::LossReport;
use crate::import::xml::{Element, add_others, insert, leaf_value};

/// How the tool divides its work, and the moment of writing: nothing of the data.
const NOT_KEPT: [&str; 12] = [
    "size",
    "mode",
    "overlap",
    "flipped",
    "z_order",
    "start_frame",
    "stop_frame",
    "frame_filter",
    "segments",
    "updated",
    "original_size",
    "subsets",
];

/// What is read by name below.
const KNOWN: [&str; 8] = [
    "id", "name", "subset", "owner", "assignee", "labels", "tasks", "source",
];

/// A task or a job.
#[derive(Debug, Default)]
pub(super) struct Work {
    /// What each of its images takes.
    pub(super) facts: SourceFacts,
    /// Its name, where it has one.
    pub(super) name: Option<String>,
    /// Who is to do it.
    pub(super) assignee: Option<String>,
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Meta {
    /// The labels in file order, with their facts.
    pub(super) labels: Vec<(String, SourceFacts)>,
    /// Tasks by id.
    tasks: BTreeMap<String, Work>,
    /// The task or job that all images are of.
    only: Option<Work>,
}

impl Meta {
    /// Reads `<meta>`.
    pub(super) fn read(file: &str, meta: &Element, report: &mut LossReport) -> Self {
        let mut read = Self::default();
        for part in &meta.children {
            match part.name.as_str() {
                "task" | "job" => {
                    read.labels(file, part, report);
                    read.only = Some(work(file, part, report));
                }
                "project" => {
                    read.labels(file, part, report);
                    let tasks = part.all("tasks").flat_map(|tasks| tasks.all("task"));
                    for task in tasks.chain(part.all("task")) {
                        read.labels(file, task, report);
                        let id = task.text_of("id").unwrap_or_default().to_owned();
                        read.tasks.insert(id, work(file, task, report));
                    }
                }
                // The moment of writing is nothing of the data.
                "dumped" => {}
                _ => report.losses.add("meta_not_kept", || {
                    format!("{file}, {}: <{}> is not kept", part.place, part.name)
                }),
            }
        }
        read
    }

    /// Returns what is known of the task with this id, or of the only one.
    pub(super) fn work_of(&self, task: &str) -> Option<&Work> {
        self.tasks.get(task).or(self.only.as_ref())
    }

    fn labels(&mut self, file: &str, part: &Element, report: &mut LossReport) {
        for label in part.all("labels").flat_map(|labels| labels.all("label")) {
            let here = format!("{file}, {}", label.place);
            let Some(name) = label.text_of("name") else {
                report
                    .losses
                    .add("label_without_name", || format!("{here}: a label has no name"));
                continue;
            };
            let mut facts = SourceFacts::new();
            if let Some(colour) = label.text_of("color") {
                let (key, colour) = colour_fact(colour);
                facts.insert(key.to_owned(), SourceValue::Text(colour));
            }
            if let Some(outer) = label.text_of("parent") {
                facts.insert("supercategory".to_owned(), SourceValue::Text(outer.to_owned()));
            }
            if let Some(kind) = label.text_of("type").filter(|kind| *kind != "any") {
                facts.insert("cvat_type".to_owned(), SourceValue::Text(kind.to_owned()));
            }
            add_others(
                label,
                &["name", "color", "parent", "type"],
                &mut facts,
                &here,
                report,
            );
            self.labels.push((name.to_owned(), facts));
        }
    }
}

/// Reads a task or a job. A name that somebody typed for it is a text like a folder's.
fn work(file: &str, part: &Element, report: &mut LossReport) -> Work {
    let here = format!("{file}, {}", part.place);
    let mut facts = SourceFacts::new();
    for (member, key) in [
        ("id", "cvat_task_id"),
        ("name", "cvat_task"),
        ("subset", "cvat_subset"),
    ] {
        if let Some(text) = part.text_of(member) {
            facts.insert(key.to_owned(), personal::text_value(key, text));
        }
    }
    let person = |member: &str| {
        let person = part.all(member).next()?;
        let name = person.text_of("username").or_else(|| person.text_of("email"));
        name.map(str::to_owned)
    };
    if let Some(owner) = person("owner") {
        let owner = personal::private(PrivateTextKind::Person, &owner);
        facts.insert("cvat_owner".to_owned(), owner);
    }
    let has_mail = |member: &str| part.all(member).any(|person| person.text_of("email").is_some());
    if has_mail("owner") || has_mail("assignee") {
        report.losses.add("mail_not_kept", || {
            format!("{here}: mail addresses of owner and assignee are not kept beside their names")
        });
    }
    for child in &part.children {
        let name = child.name.as_str();
        if child.children.is_empty() && child.text.is_empty() {
            continue;
        }
        if NOT_KEPT.contains(&name) {
            report.losses.add("job_data", || {
                format!("{here}: <{name}> and what else tells how the tool divides its work is not kept")
            });
        } else if !KNOWN.contains(&name) && child.children.is_empty() {
            insert(&mut facts, &format!("cvat_{name}"), leaf_value(name, &child.text));
        } else if !KNOWN.contains(&name) {
            report.losses.add("meta_not_kept", || {
                format!("{file}, {}: <{name}> is not kept", child.place)
            });
        }
    }
    Work {
        facts,
        name: part.text_of("name").map(str::to_owned),
        assignee: person("assignee"),
    }
}
