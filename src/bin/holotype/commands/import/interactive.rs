//! `import --interactive`: asks a newcomer about images, labels and people that are not known, and prints the command line
//! that says the same without asking.
//!
//! Questions go to standard error, answers come from standard input, line by line. It records nothing; what it leads to are the
//! flags of the import.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, IsTerminal, Write};
use std::path::PathBuf;

use holotype::files::input::InputFile;
use holotype::import::engine::survey::{Survey, UnknownImage, UnknownLabel};

use super::ImportArgs;
use crate::failure::Failure;
use crate::output::one_line;

/// More unknown images are not asked about one by one.
const IMAGES_MAX: usize = 20;

/// So many wrong answers to one question are borne.
const TRIES_MAX: usize = 3;

/// A dialogue with whoever sits at the terminal, or with a file of answers.
pub(super) struct Dialogue {
    answers: Box<dyn BufRead>,
    /// The flags that say what was answered.
    flags: Vec<String>,
}

impl Dialogue {
    /// Begins. Answers come from a file where one is given, `-` being standard input, else from a terminal.
    pub(super) fn begin(answers: Option<PathBuf>) -> Result<Self, Failure> {
        let answers: Box<dyn BufRead> = match answers {
            None if !std::io::stdin().is_terminal() => {
                return Err(Failure::refused(
                    "--interactive asks questions, and standard input is no terminal",
                    "give the answers, a line each, with --answers FILE or --answers -; or the flags themselves: see holotype import --help",
                ));
            }
            Some(path) if path.as_os_str() != "-" => Box::new(BufReader::new(InputFile::open(&path)?)),
            Some(_) | None => Box::new(BufReader::new(std::io::stdin())),
        };
        Ok(Self {
            answers,
            flags: Vec::new(),
        })
    }

    /// Asks about everything that is not known, and takes the answers as the flags that they are.
    pub(super) fn about(&mut self, survey: &Survey, args: &mut ImportArgs) -> Result<(), Failure> {
        self.images(&survey.images, args)?;
        for label in &survey.labels {
            self.label(label, args)?;
        }
        for person in &survey.people {
            let kind = self.choice(
                &format!("'{person}' rated in this file. A person, a model, or a procedure such as a consensus? [human]"),
                &["human", "model", "procedure"],
            )?;
            self.flag(
                "--map-annotator",
                format!("{person}={kind}"),
                &mut args.map_annotator,
            );
        }
        if survey.names_nobody && args.annotator.is_none() {
            let name = self.ask("The file does not say who drew it. Who did? [nobody is named]")?;
            if !name.is_empty() {
                let kind = self.choice(
                    &format!("Is '{name}' a person, a model or a procedure? [human]"),
                    &["human", "model", "procedure"],
                )?;
                let value = format!("{name}={kind}");
                self.flags.extend(["--annotator".to_owned(), value.clone()]);
                args.annotator = Some(value);
            }
        }
        if survey.known_annotations && !args.complete {
            let question = "On these images annotations are known already. Is what the file does not mention to be withdrawn? [no]";
            if self.choice(question, &["no", "yes"])? == "yes" {
                self.flags.push("--complete".to_owned());
                args.complete = true;
            }
        }
        Ok(())
    }

    fn images(&mut self, images: &[UnknownImage], args: &mut ImportArgs) -> Result<(), Failure> {
        if images.len() > IMAGES_MAX {
            let first: Vec<&str> = images.iter().take(3).map(|image| image.name.as_str()).collect();
            let question = format!(
                "{} images are not known: {}, … Take them as new, or give a pattern such as {{}}.svs={{}}.ndpi [new]",
                images.len(),
                first.join(", ")
            );
            let pattern = self.ask(&question)?;
            if !pattern.is_empty() && pattern != "new" {
                self.flag("--map-image", pattern, &mut args.map_image);
            }
            return Ok(());
        }
        for image in images {
            let like = match image.candidates.as_slice() {
                [] => String::new(),
                candidates => format!(" Is it {}?", candidates.join(" or ")),
            };
            let fallback = if image.is_unclear { "" } else { " [new]" };
            let question = format!(
                "The image '{}' is not known.{like} Type the name that it has here{fallback}",
                image.name
            );
            let mut name = self.ask(&question)?;
            for _ in 1..TRIES_MAX {
                if !image.is_unclear || !name.is_empty() {
                    break;
                }
                name = self.ask(&question)?;
            }
            if !name.is_empty() && name != "new" {
                self.flag(
                    "--map-image",
                    format!("{}={name}", image.name),
                    &mut args.map_image,
                );
            }
        }
        Ok(())
    }

    fn label(&mut self, label: &UnknownLabel, args: &mut ImportArgs) -> Result<(), Failure> {
        let like = label
            .similar
            .as_ref()
            .map_or_else(String::new, |known| format!(" '{known}' is like it."));
        let question = format!(
            "The label '{}' is not known.{like} Type the name that it has here [new]",
            label.name
        );
        let name = self.ask(&question)?;
        if !name.is_empty() && name != "new" {
            self.flag(
                "--map-label",
                format!("{}={name}", label.name),
                &mut args.map_label,
            );
        }
        Ok(())
    }

    fn flag(&mut self, name: &str, value: String, values: &mut Vec<String>) {
        self.flags.extend([name.to_owned(), value.clone()]);
        values.push(value);
    }

    /// Asks for one of several words; nothing is the first of them, and the beginning of a word is the word.
    fn choice<'w>(&mut self, question: &str, words: &[&'w str]) -> Result<&'w str, Failure> {
        for _ in 0..TRIES_MAX {
            let answer = self.ask(question)?.to_lowercase();
            if let Some(word) = words.iter().find(|word| word.starts_with(&answer)) {
                return Ok(word);
            }
        }
        Err(Failure::refused(
            format!("'{question}' got no answer that is one of {}", words.join(", ")),
            "nothing was changed; holotype import --help lists the flags",
        ))
    }

    fn ask(&mut self, question: &str) -> Result<String, Failure> {
        let mut stderr = std::io::stderr();
        write!(stderr, "{}: ", one_line(question))?;
        stderr.flush()?;
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            writeln!(stderr)?;
            return Err(Failure::refused(
                "the answers ended before the questions did",
                "nothing was changed; an empty line takes what stands in brackets",
            ));
        }
        Ok(line.trim().to_owned())
    }

    /// The command line that does the same without asking.
    pub(super) fn command_line(&self) -> String {
        let mut given = Vec::new();
        let mut words = std::env::args_os()
            .skip(1)
            .map(|word| word.to_string_lossy().into_owned());
        while let Some(word) = words.next() {
            if word == "--answers" {
                words.next();
            } else if word != "--interactive" && !word.starts_with("--answers=") {
                given.push(word);
            }
        }
        let words = std::iter::once("holotype").chain(given.iter().chain(&self.flags).map(String::as_str));
        words.map(quoted).collect::<Vec<_>>().join(" ")
    }
}

/// A word as a shell takes it for itself.
fn quoted(word: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "_-./:@%+,=".contains(character);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Joins what several files ask about, each question once.
pub(super) fn joined(surveys: Vec<Survey>) -> Survey {
    let mut all = Survey::default();
    let mut asked = BTreeSet::new();
    for survey in surveys {
        let mut is_first = |kind: &str, name: &str| asked.insert((kind.to_owned(), name.to_owned()));
        all.images.extend(
            survey
                .images
                .into_iter()
                .filter(|image| is_first("image", &image.name)),
        );
        all.labels.extend(
            survey
                .labels
                .into_iter()
                .filter(|label| is_first("label", &label.name)),
        );
        all.people.extend(
            survey
                .people
                .into_iter()
                .filter(|person| is_first("person", person)),
        );
        all.names_nobody |= survey.names_nobody;
        all.known_annotations |= survey.known_annotations;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_a_shell() {
        for (word, expected) in [
            ("a/b-1.json", "a/b-1.json"),
            ("", "''"),
            ("Dr. Ada=human", "'Dr. Ada=human'"),
            ("it's", r"'it'\''s'"),
            ("$(x);*", "'$(x);*'"),
            ("{}.svs", "'{}.svs'"),
        ] {
            assert_eq!(quoted(word), expected);
        }
    }
}
