//! Builds a copy of the project with all mutants in it that the compiler takes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::copy;
use crate::mutant::Mutant;
use crate::plant::{Planted, plant};

/// Why a mutant is not tried by a switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hindrance {
    /// It does not compile.
    Unviable,
    /// It might compile where it stands alone.
    NotSwitched,
}

impl Hindrance {
    const ALL: [Self; 2] = [Self::Unviable, Self::NotSwitched];

    /// Its name among the results.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Unviable => "unviable",
            Self::NotSwitched => "not-switched",
        }
    }

    pub(crate) fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hindrance| hindrance.name() == name)
    }
}

/// Errors in what a mutant puts there that stay errors without the switch: of types, traits and names. Others, of
/// borrows above all, may come from the switch.
const FINAL_ERRORS: [&str; 10] = [
    "E0271", "E0277", "E0308", "E0369", "E0282", "E0283", "E0599", "E0600", "E0614", "E0368",
];

/// Lints of the copy: a mutant may do what they are against.
const LINTS: &str =
    "[lints.rust]\nwarnings = \"allow\"\narithmetic_overflow = \"allow\"\nunconditional_panic = \"allow\"\n";

/// So often errors are looked at: each time those of one pass of the compiler are out of the way.
const ROUNDS_MAX: usize = 30;

/// A copy that is built.
pub(crate) struct Copy {
    pub(crate) project: PathBuf,
    /// The programs that hold the tests, by name.
    pub(crate) programs: BTreeMap<String, PathBuf>,
    /// The mutants that are not in it, by number.
    pub(crate) hindered: BTreeMap<usize, Hindrance>,
}

struct Builder<'a> {
    folder: &'a Path,
    mutants: &'a [Mutant],
    hindered: BTreeMap<usize, Hindrance>,
}

/// Builds the copy and the programs of these names; what is known to be hindered is not tried again.
///
/// # Errors
/// When it cannot be built for a reason that no mutant is to blame for.
pub(crate) fn build(
    folder: &Path,
    mutants: &[Mutant],
    hindered: BTreeMap<usize, Hindrance>,
    programs: &[String],
) -> Result<Copy, String> {
    let mut builder = Builder {
        folder,
        mutants,
        hindered,
    };
    let mut round = 0;
    loop {
        let planted = builder.write()?;
        let errors = builder.check()?;
        if errors.is_empty() {
            break;
        }
        round += 1;
        if round > ROUNDS_MAX {
            return Err("there is no end of errors".to_owned());
        }
        builder.hinder(&planted, &errors)?;
    }
    let programs = copy::build(builder.cargo(), programs.iter().map(String::as_str))?;
    Ok(Copy {
        project: folder.join("project"),
        programs,
        hindered: builder.hindered,
    })
}

/// An error of the compiler.
struct Error {
    code: String,
    /// File and byte.
    places: Vec<(String, usize)>,
    text: String,
}

impl Builder<'_> {
    fn cargo(&self) -> Command {
        let mut cargo = copy::cargo(&self.folder.join("project"), &self.folder.join("target"));
        cargo
            .env("CARGO_PROFILE_DEV_OPT_LEVEL", "1")
            .env("CARGO_PROFILE_DEV_DEBUG", "false")
            .env("CARGO_INCREMENTAL", "0");
        cargo
    }

    /// Writes the copy with the mutants that are not hindered.
    fn write(&mut self) -> Result<BTreeMap<String, Planted>, String> {
        let mut files = copy::sources();
        let mut by_file: BTreeMap<&str, BTreeMap<usize, &Mutant>> = BTreeMap::new();
        for (number, mutant) in self.mutants.iter().enumerate() {
            by_file.entry(&mutant.file).or_default().insert(number, mutant);
        }
        let left_out: BTreeSet<usize> = self.hindered.keys().copied().collect();
        let mut planted = BTreeMap::new();
        for (file, mutants) in by_file {
            let source = files
                .get_mut(Path::new(file))
                .ok_or(format!("there is no {file}"))?;
            let mut here = plant(&String::from_utf8_lossy(source), &mutants, &left_out)
                .map_err(|error| format!("{file}: {error}"))?;
            *source = std::mem::take(&mut here.source).into_bytes();
            let fixed = here.fixed.iter().map(|number| (*number, Hindrance::NotSwitched));
            let unviable = here.unviable.iter().map(|number| (*number, Hindrance::Unviable));
            self.hindered.extend(fixed.chain(unviable));
            planted.insert(file.to_owned(), here);
        }
        let manifest = files.get_mut(Path::new("Cargo.toml")).unwrap();
        let kept = String::from_utf8_lossy(manifest)
            .find("[lints.")
            .unwrap_or(manifest.len());
        manifest.truncate(kept);
        manifest.extend_from_slice(LINTS.as_bytes());
        copy::add_module(&mut files, "mutants", include_str!("switches.rs"));
        copy::write_changed(&self.folder.join("project"), &files);
        Ok(planted)
    }

    /// The errors of the library.
    fn check(&self) -> Result<Vec<Error>, String> {
        let mut cargo = self.cargo();
        let output = cargo
            .args(["check", "--lib", "--message-format=json"])
            .output()
            .map_err(|error| error.to_string())?;
        let errors: Vec<Error> = copy::messages(&output.stdout)
            .iter()
            .filter(|message| {
                message["message"]["level"] == "error" && message["message"]["code"]["code"].is_string()
            })
            .map(|message| error(&message["message"]))
            .collect();
        if errors.is_empty() && !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        Ok(errors)
    }

    /// Takes the mutants out that errors are of.
    fn hinder(&mut self, planted: &BTreeMap<String, Planted>, errors: &[Error]) -> Result<(), String> {
        for Error { code, places, text } in errors {
            let blame = places
                .iter()
                .filter_map(|(file, at)| planted.get(file)?.blame(*at))
                .min_by_key(|blame| blame.range.len());
            let Some(blame) = blame else {
                return Err(format!("no mutant is to blame:\n{text}"));
            };
            let hindrance = if blame.is_mutant && FINAL_ERRORS.contains(&code.as_str()) {
                Hindrance::Unviable
            } else {
                Hindrance::NotSwitched
            };
            for number in &blame.mutants {
                self.hindered.insert(*number, hindrance);
            }
        }
        Ok(())
    }
}

fn error(message: &serde_json::Value) -> Error {
    let spans = message["spans"].as_array().into_iter().flatten();
    Error {
        code: message["code"]["code"].as_str().unwrap_or_default().to_owned(),
        places: spans
            .filter(|span| span["is_primary"] == true)
            .filter_map(|span| {
                let at = usize::try_from(span["byte_start"].as_u64()?).ok()?;
                Some((span["file_name"].as_str()?.to_owned(), at))
            })
            .collect(),
        text: message["rendered"].as_str().unwrap_or_default().to_owned(),
    }
}
