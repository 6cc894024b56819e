//! `release`: builds a folder that strangers can check without us, and the tag.

use std::path::PathBuf;

use clap::Args;
use holotype::export::agreed::{RuleError, parse_rule};
use holotype::export::image_table::is_source_pattern;
use holotype::release::{
    ArchiveFormat, Images, NamedFilter, ReleaseError, ReleaseOptions, ReleaseRequest, ReleaseSummary,
    SigningKey, archive_release, bare_doi, build_release, check_rebuild, next_version, read_record,
    write_tombstone,
};
use holotype::repo::Version;
use serde_json::json;

use crate::app::{App, counts_json};
use crate::commands::check::{GateOptions, before_release};
use crate::commands::export::{losses, row_filter};
use crate::failure::{CONFLICT, FOUND, Failure, chain};
use crate::output::one_line;
use crate::progress::ReleaseBar;

/// Builds DIR/NAME-VERSION/ with checksums, annotations, history and datasheet, and the tag
#[derive(Debug, Args)]
pub(crate) struct ReleaseArgs {
    /// The version, such as 1.0.0; auto computes it from what changed since the release before
    #[arg(required_unless_present = "check")]
    version: Option<String>,
    /// The revision; HEAD where none is given
    revision: Option<String>,
    /// Where the release's folder is made
    #[arg(long, value_name = "DIR", required_unless_present = "check")]
    out: Option<PathBuf>,
    /// Build the release of a folder once more from the log and compare every byte; exit 1 when something differs
    #[arg(long, value_name = "DIR", conflicts_with_all = ["version", "out", "archive", "sign"])]
    check: Option<PathBuf>,
    /// The images, too; else their digests
    #[arg(long)]
    with_images: bool,
    /// Only annotations for which this CEL expression is true stand in the exported annotations
    #[arg(long = "where", value_name = "EXPR")]
    filter: Option<String>,
    /// Where images can be had: an address with {name}, {stem} or {blob}
    #[arg(long, value_name = "URL-PATTERN")]
    image_source: Option<String>,
    /// Pack the folder, too: DIR/NAME-VERSION.tar.zst or .zip
    #[arg(long, value_name = "FORM")]
    archive: Option<String>,
    /// Sign release.json by this private key of OpenSSH (Ed25519, without a passphrase)
    #[arg(long, value_name = "KEY")]
    sign: Option<PathBuf>,
    /// Take a number that understates the change, or release what did not change, for this reason
    #[arg(long, value_name = "REASON")]
    force_version: Option<String>,
    /// The DOI that an archive reserved for this version
    #[arg(long)]
    doi: Option<String>,
    /// The rule by which labels are agreed; else the one in force
    #[arg(long, value_name = "R")]
    rule: Option<String>,
    #[command(flatten)]
    gate: GateOptions,
}

pub(crate) fn run(app: &mut App, args: &ReleaseArgs) -> Result<u8, Failure> {
    match (&args.check, &args.version, &args.out) {
        (Some(dir), _, _) => check(app, dir),
        (None, Some(version), Some(out)) => build(app, args, version, out),
        // The command line asks for them.
        (None, _, _) => Err(Failure::usage(
            "the version or --out is missing",
            "see holotype release --help",
        )),
    }
}

/// Compares a folder with what the log gives.
fn check(app: &mut App, dir: &std::path::Path) -> Result<u8, Failure> {
    let repo = app.repo()?;
    let path = app.user_path(dir);
    let path = std::path::absolute(&path).unwrap_or(path);
    let record = read_record(&path)?;
    let is_ours = record.dataset == repo.store().repository().id;
    let version = if is_ours {
        repo.version(record.commit)?
    } else {
        repo.empty_version()
    };
    let rebuilt = with_filter(&version, record.filter.as_deref(), |filter| {
        Ok(check_rebuild(&repo, &path, filter)?)
    })?;
    let is_same = rebuilt.findings.is_empty();
    app.out.object(
        "holotype/release-check/1",
        &json!({
            "identical": is_same, "release": rebuilt.id, "files": rebuilt.files, "findings": rebuilt.findings,
            "erased": rebuilt.erased,
        }),
    )?;
    for finding in &rebuilt.findings {
        app.out.line(one_line(&format!(
            "error {}  {}: {}",
            finding.code, finding.object, finding.message
        )))?;
    }
    app.out.line(format!(
        "compared {} files with what the log gives",
        rebuilt.files
    ))?;
    app.out.line(match (is_same, rebuilt.erased.as_slice()) {
        (false, _) => "not identical".to_owned(),
        (true, []) => "identical".to_owned(),
        (true, erased) => one_line(&format!("identical except erased: {}", erased.join(", "))),
    })?;
    Ok(if is_same { 0 } else { FOUND })
}

/// Runs something with the meaning of a `--where` expression.
pub(crate) fn with_filter<T>(
    version: &Version,
    text: Option<&str>,
    run: impl FnOnce(Option<NamedFilter<'_>>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let filter = text.map(|text| row_filter(version, text)).transpose()?;
    let takes = filter
        .as_ref()
        .map(|filter| |row: &holotype::export::Row<'_>| filter.takes(row));
    run(takes.as_ref().map(|takes| NamedFilter {
        text: text.unwrap_or(""),
        filter: holotype::export::version::Filter {
            image: None,
            annotation: Some(takes),
        },
    }))
}

/// What is asked for beside the version, read once.
struct Given {
    archive: Option<ArchiveFormat>,
    doi: Option<String>,
    signer: Option<SigningKey>,
}

/// Reads the options that can be wrong.
fn given(app: &App, args: &ReleaseArgs) -> Result<Given, Failure> {
    if let Some(pattern) = &args.image_source
        && !is_source_pattern(pattern)
    {
        return Err(Failure::usage(
            format!("'{pattern}' is no address of images"),
            "give an address with a place for the name: https://example.org/{name}",
        ));
    }
    let doi = match &args.doi {
        Some(text) => Some(bare_doi(text).ok_or_else(|| {
            Failure::usage(
                format!("'{text}' is no DOI"),
                "a DOI is like 10.5281/zenodo.1234567",
            )
        })?),
        None => None,
    };
    let archive = match &args.archive {
        Some(text) => Some(ArchiveFormat::parse(text).ok_or_else(|| {
            Failure::usage(
                format!("'{text}' is no form of an archive"),
                format!("forms are {}", ArchiveFormat::WORDS.join(", ")),
            )
        })?),
        None => None,
    };
    if args.force_version.as_deref().map(str::trim) == Some("") {
        return Err(Failure::usage(
            "the reason is empty",
            "say why: --force-version REASON",
        ));
    }
    let signer = match &args.sign {
        Some(path) => Some(signing_key(&app.user_path(path))?),
        None => None,
    };
    Ok(Given { archive, doi, signer })
}

fn build(app: &mut App, args: &ReleaseArgs, version: &str, out: &std::path::Path) -> Result<u8, Failure> {
    let given = given(app, args)?;
    let repo = app.repo()?;
    let author = app.author(&repo)?;
    let commit = repo.resolve(args.revision.as_deref().unwrap_or("HEAD"))?;
    let number = match version {
        "auto" => next_version(&repo, commit)?.to_string(),
        other => other.to_owned(),
    };
    let version = repo.version(commit)?;
    let notes = before_release(app, &repo, &version, &args.gate)?;
    let rule = args
        .rule
        .as_deref()
        .map(|text| parse_rule(text, &version))
        .transpose()?;
    let out_dir = app.user_path(out);
    let bar = ReleaseBar::new(&app.out);
    let summary = with_filter(&version, args.filter.as_deref(), |filter| {
        let request = ReleaseRequest {
            version: &number,
            commit,
            out_dir: &out_dir,
            options: ReleaseOptions {
                images: if args.with_images {
                    Images::Bytes
                } else {
                    Images::Digests
                },
                rule: rule.as_ref(),
                date: app.source_date()?,
                filter,
                doi: given.doi.as_deref(),
                forced: args.force_version.as_deref().map(str::trim),
                signer: given.signer.as_ref(),
                signature: None,
                image_source: args.image_source.as_deref(),
                progress: Some(&|progress| bar.tell(progress)),
            },
        };
        Ok(build_release(&repo, &request, author)?)
    })?;
    drop(bar);
    if let Some(withdrawal) = write_tombstone(&repo, &number, &summary.path)? {
        app.out.note(withdrawal.to_string());
    }
    notes.iter().for_each(|note| app.out.note(note));
    let packed = match given.archive {
        Some(format) => Some(archive_release(&summary.path, format)?),
        None => None,
    };
    report(app, &number, &summary, packed.as_deref())?;
    Ok(0)
}

/// Reads the key that signs.
fn signing_key(path: &std::path::Path) -> Result<SigningKey, Failure> {
    let bytes = holotype::files::input::read_file(path, 1 << 20)?;
    SigningKey::parse(&String::from_utf8_lossy(&bytes)).map_err(|error| {
        Failure::refused(
            format!("{}: {error}", path.display()),
            "give an Ed25519 key without a passphrase: ssh-keygen -t ed25519 -f KEY -N \"\"",
        )
    })
}

fn report(
    app: &mut App,
    version: &str,
    summary: &ReleaseSummary,
    packed: Option<&std::path::Path>,
) -> Result<(), Failure> {
    let swhid = &summary.swhid;
    app.out.object(
        "holotype/release/1",
        &json!({
            "release": summary.id,
            "version": version,
            "path": summary.path,
            "archive": packed,
            "swhid": swhid,
            "step": summary.record.step,
            "previous": summary.record.previous,
            "commit": summary.record.commit,
            "snapshot": summary.record.snapshot,
            "counts": counts_json(&summary.record.counts),
            "files": summary.files,
            "losses": losses(&summary.report),
            "was_there": summary.was_there,
        }),
    )?;
    let word = if summary.was_there {
        "is there already"
    } else {
        "built"
    };
    app.out
        .line(format!("release {version} {word}: {}", summary.path.display()))?;
    app.out.line(format!("  release  {}", summary.id))?;
    app.out.line(format!("  commit   {}", summary.record.commit))?;
    app.out.line(format!("  snapshot {}", summary.record.snapshot))?;
    app.out.line(format!(
        "  {} files; check them with sha256sum -c, b3sum -c, or holotype verify --release DIR",
        summary.files
    ))?;
    app.out.line(format!("  {swhid}"))?;
    if let Some(packed) = packed {
        app.out.line(format!("  packed as {}", packed.display()))?;
    }
    if let (Some(step), Some(previous)) = (&summary.record.step, &summary.record.previous) {
        app.out.line(format!("  {step} since {}", previous.version))?;
    }
    for loss in summary.report.losses() {
        app.out.note(format!(
            "lost in COCO: {} × {}: {}",
            loss.count, loss.code, loss.message
        ));
    }
    Ok(())
}

impl From<ReleaseError> for Failure {
    fn from(error: ReleaseError) -> Self {
        let line = chain(&error);
        match error {
            ReleaseError::Repo(error) => error.into(),
            ReleaseError::Store(error) => error.into(),
            ReleaseError::Log(error) => error.into(),
            ReleaseError::State(error) => error.into(),
            ReleaseError::Export(error) => error.into(),
            ReleaseError::File(error) => error.into(),
            ReleaseError::VersionTaken { .. } => {
                Self::refused(line, "tags never move; choose another version")
            }
            ReleaseError::Differs { .. } => {
                Self::new(CONFLICT, line, "choose another --out, or another version")
            }
            ReleaseError::Compare(_) => Self::new(
                crate::failure::DAMAGED,
                line,
                "'holotype verify' tells what is damaged",
            ),
            ReleaseError::Understated { ref expected, .. } => {
                let hint = format!(
                    "release {expected}, or 'auto'; --force-version REASON takes the number and logs why"
                );
                Self::refused(line, hint)
            }
            ReleaseError::NothingNew { .. } => Self::refused(
                line,
                "'holotype status' tells what is not committed; --force-version REASON releases it all the same",
            ),
            ReleaseError::NoNumber { .. } => Self::refused(line, "give the version's number yourself"),
            ReleaseError::NoRelease { .. } => Self::refused(line, "give the folder of a release"),
            ReleaseError::OtherDataset { .. } => {
                Self::refused(line, "go to the repository of that dataset: holotype -C DIR")
            }
            ReleaseError::Unresolved { .. } => Self::refused(
                line,
                "'holotype cite VERSION' prints what this repository holds; ask the makers for theirs",
            ),
            ReleaseError::UnresolvedQuery { .. } => Self::refused(
                line,
                "'holotype cite --query EXPR' stores a query; ask the makers for a copy of their repository",
            ),
            ReleaseError::Sign(_) => Self::refused(line, "give another key, or leave --sign out"),
            ReleaseError::WrongKey { .. } => Self::refused(
                line,
                "sign by a key that is named, or name this one: holotype set dataset release_key=\"ssh-ed25519 …\"",
            ),
            ReleaseError::Ambiguous { .. } => {
                Self::refused(line, "leave the images out, or add them under other names")
            }
            ReleaseError::NoCommit => Self::refused(line, "commit first: holotype commit -m MESSAGE"),
            ReleaseError::Encode(_) | ReleaseError::Write(_) | ReleaseError::ReadBack { .. } => Self::new(
                crate::failure::IO,
                line,
                "check the disk, and run the command again",
            ),
        }
    }
}

impl From<RuleError> for Failure {
    fn from(error: RuleError) -> Self {
        let line = chain(&error);
        match error {
            RuleError::State(error) => error.into(),
            RuleError::UnknownAnnotator { .. } => {
                Self::refused(line, "'holotype list annotators' shows who there is")
            }
            RuleError::UnknownRule { .. } | RuleError::Form { .. } | RuleError::NotInferred { .. } => {
                Self::refused(
                    line,
                    "rules are as-recorded, first-human, majority(kinds=human+model,tie=recorded), adjudicated(primary=human-1+human-2,third=human-3)",
                )
            }
        }
    }
}
