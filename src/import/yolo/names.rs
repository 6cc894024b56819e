//! The names of the classes, by number: the lines of `classes.txt` or `obj.names`, or the list in a `data.yaml`.

use super::error::{YoloError, YoloProblem};
use super::yaml;
use crate::import::file_name;
use crate::import::report::LossReport;
use crate::import::table::{decode, line_at};

/// No dataset that is read has more classes.
pub(super) const CLASSES_MAX: usize = 100_000;

/// How a file names classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ClassFile {
    /// One name a line.
    Lines,
    /// A YAML file with a list.
    Yaml,
}

fn class_file(name: &str) -> Option<ClassFile> {
    let own = name
        .rsplit(['/', '\\'])
        .next()
        .unwrap_or(name)
        .to_ascii_lowercase();
    match own.as_str() {
        "classes.txt" | "obj.names" | "classes.names" | "predefined_classes.txt" => Some(ClassFile::Lines),
        "data.yaml" | "data.yml" | "dataset.yaml" | "dataset.yml" => Some(ClassFile::Yaml),
        _ => None,
    }
}

/// Whether a file of this name and beginning names classes.
pub(super) fn is_class_file(name: &str, head: &[u8]) -> bool {
    match class_file(name) {
        Some(ClassFile::Lines) => true,
        Some(ClassFile::Yaml) => yaml::has_names(&String::from_utf8_lossy(head)),
        None => false,
    }
}

/// Whether a file's name alone allows that it names classes.
pub(super) fn may_be_class_file(name: &str) -> bool {
    class_file(name).is_some()
}

/// Reads the names; an empty one is a number without a name.
pub(super) fn read_classes(
    file: &str,
    bytes: &[u8],
    report: &mut LossReport,
) -> Result<Vec<String>, YoloError> {
    let refuse = |problem| YoloError {
        file: file.to_owned(),
        problem,
    };
    let text = text(bytes).map_err(refuse)?;
    let is_yaml = class_file(file) == Some(ClassFile::Yaml)
        || file_name::stem(file, &["yaml", "yml"]) != file_name::stem(file, &[]);
    if is_yaml {
        let read = yaml::read_names(text).map_err(refuse)?;
        let count = u64::try_from(read.typed.len()).unwrap_or(u64::MAX);
        report.warnings.add_many("class_name_looks_typed", count, || {
            let names = read.typed.join("', '");
            format!(
                "{file}: '{names}' is taken as a text; other readers of YAML see a number, a flag or nothing"
            )
        });
        return Ok(read.names);
    }
    let mut names: Vec<String> = text.lines().map(|line| line.trim().to_owned()).collect();
    while names.last().is_some_and(String::is_empty) {
        names.pop();
    }
    if names.len() > CLASSES_MAX {
        return Err(refuse(YoloProblem::TooManyClasses { limit: CLASSES_MAX }));
    }
    Ok(names)
}

/// Takes bytes as text.
pub(super) fn text(bytes: &[u8]) -> Result<&str, YoloProblem> {
    decode(bytes).map_err(|_| {
        let valid = match std::str::from_utf8(bytes) {
            Ok(_) => bytes.iter().position(|byte| *byte == 0).unwrap_or(0),
            Err(error) => error.valid_up_to(),
        };
        let line = line_at(bytes, valid);
        YoloProblem::NotText { line }
    })
}
