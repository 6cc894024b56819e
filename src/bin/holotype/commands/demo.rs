//! `demo`: a small real repository with history, a diff and a release, printing each command that it runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;
use serde_json::{Value, json};

use crate::app::App;
use crate::failure::{Failure, IO};

/// Makes a small real repository with history, a diff and a release, printing each command
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// A new or empty folder
    dir: PathBuf,
}

/// A file that the demo carries.
struct Carried {
    path: &'static str,
    bytes: &'static [u8],
}

macro_rules! carried {
    ($($path:literal),* $(,)?) => {
        &[$(Carried { path: $path, bytes: include_bytes!(concat!("../../../../examples/bccd/", $path)) },)*]
    };
}

/// Eight images of BCCD with their boxes (MIT licence).
const FILES: &[Carried] = carried![
    "LICENSE",
    "annotations/BloodImage_00000.xml",
    "annotations/BloodImage_00001.xml",
    "annotations/BloodImage_00007.xml",
    "annotations/BloodImage_00010.xml",
    "annotations/BloodImage_00044.xml",
    "annotations/BloodImage_00150.xml",
    "annotations/BloodImage_00290.xml",
    "annotations/BloodImage_00338.xml",
    "images/BloodImage_00000.jpg",
    "images/BloodImage_00001.jpg",
    "images/BloodImage_00007.jpg",
    "images/BloodImage_00010.jpg",
    "images/BloodImage_00044.jpg",
    "images/BloodImage_00150.jpg",
    "images/BloodImage_00290.jpg",
    "images/BloodImage_00338.jpg",
];

/// Runs commands of this very program in a folder and prints them.
struct Stage {
    program: PathBuf,
    dir: PathBuf,
}

pub(crate) fn run(app: &mut App, args: &DemoArgs) -> Result<u8, Failure> {
    let dir = app.dir.join(&args.dir);
    let io = |what: &str, error: std::io::Error| {
        Failure::new(IO, format!("cannot {what}: {error}"), "choose another folder")
    };
    if dir.exists()
        && fs::read_dir(&dir)
            .map_err(|error| io("look into the folder", error))?
            .next()
            .is_some()
    {
        return Err(Failure::refused(
            format!("{} is not empty", dir.display()),
            "give a new folder",
        ));
    }
    for file in FILES {
        let path = dir.join(file.path);
        fs::create_dir_all(path.parent().unwrap_or(&dir)).map_err(|error| io("make a folder", error))?;
        fs::write(&path, file.bytes).map_err(|error| io("write a file", error))?;
    }
    let dir = fs::canonicalize(&dir).map_err(|error| io("find the folder", error))?;
    let program = std::env::current_exe().map_err(|error| io("find this program", error))?;
    let stage = Stage { program, dir };
    stage.play(app)?;
    app.out.line(format!(
        "\nThe dataset is in {}/dataset. Try there: holotype log, holotype list annotations",
        stage.dir.display()
    ))?;
    Ok(0)
}

impl Stage {
    fn play(&self, app: &mut App) -> Result<(), Failure> {
        self.say(
            app,
            "A dataset begins: eight images of blood cells, with the boxes of a first annotator.",
        )?;
        self.run(
            app,
            ".",
            &[
                "init",
                "dataset",
                "--name",
                "Blood cells",
                "--author",
                "Ada Steward <ada@example.org>",
            ],
        )?;
        self.run(
            app,
            "dataset",
            &["set", "dataset", "title=Blood cells, eight images", "licence=MIT"],
        )?;
        self.run(app, "dataset", &["add", "../images"])?;
        self.run(
            app,
            "dataset",
            &["import", "../annotations", "--annotator", "Dr. Ada=human"],
        )?;
        self.run(
            app,
            "dataset",
            &["commit", "-m", "eight images, boxes by a first annotator"],
        )?;
        self.run(
            app,
            "dataset",
            &["tag", "first-read", "-m", "what the first annotator saw"],
        )?;

        let rows = self.second_read(app)?;
        self.publish(app, rows.first().map_or("", id_of))
    }

    /// A second annotator corrects; returns the annotations concerned.
    fn second_read(&self, app: &mut App) -> Result<Vec<Value>, Failure> {
        self.say(
            app,
            "A second annotator looks: one label is wrong, one box is off, one cell was counted twice.",
        )?;
        let rows = self.annotations()?;
        fs::write(self.dir.join("second-read.jsonl"), corrections(&rows)).map_err(|error| {
            Failure::new(
                IO,
                format!("cannot write a file: {error}"),
                "choose another folder",
            )
        })?;
        self.run(app, "dataset", &["record", "../second-read.jsonl", "--create"])?;
        self.run(app, "dataset", &["diff", "HEAD", "DRAFT"])?;
        self.run(
            app,
            "dataset",
            &["commit", "-m", "second read: three corrections"],
        )?;
        self.run(app, "dataset", &["log"])?;

        Ok(rows)
    }

    /// Asks the history, releases, cites, verifies.
    fn publish(&self, app: &mut App, id: &str) -> Result<(), Failure> {
        self.say(app, "Who said what about one cell, and why?")?;
        self.run(app, "dataset", &["blame", id])?;

        self.say(
            app,
            "A release that strangers can check without us, and its citation.",
        )?;
        self.run(
            app,
            "dataset",
            &["release", "1.0.0", "--out", "../releases", "--with-images"],
        )?;
        self.run(app, "dataset", &["cite", "1.0.0"])?;
        self.run(
            app,
            "dataset",
            &["verify", "--release", "../releases/Blood-cells-1.0.0"],
        )?;

        self.say(
            app,
            "Everything is verified. Then one bit of one image flips, as on a failing disk.",
        )?;
        self.run(app, "dataset", &["verify", "--replay"])?;
        self.flip(app)
    }

    fn say(&self, app: &mut App, text: &str) -> Result<(), Failure> {
        app.out.line(format!("\n# {text}"))
    }

    /// Prints a command and runs it; it must succeed.
    fn run(&self, app: &mut App, folder: &str, arguments: &[&str]) -> Result<(), Failure> {
        let code = self.run_any(app, folder, arguments)?;
        if code == Some(0) {
            return Ok(());
        }
        Err(Failure::new(
            IO,
            format!("the demo's command 'holotype {}' failed", arguments.join(" ")),
            "report this, with what was printed above",
        ))
    }

    fn run_any(&self, app: &mut App, folder: &str, arguments: &[&str]) -> Result<Option<i32>, Failure> {
        let shown: Vec<String> = arguments.iter().map(|argument| quote(argument)).collect();
        app.out.line(format!("\n$ holotype {}", shown.join(" ")))?;
        let output = self.command(folder, arguments).output().map_err(|error| {
            Failure::new(
                IO,
                format!("cannot run this program: {error}"),
                "check its permissions",
            )
        })?;
        for stream in [&output.stdout, &output.stderr] {
            if !app.out.json {
                app.out.text(&String::from_utf8_lossy(stream))?;
            }
        }
        Ok(output.status.code())
    }

    fn command(&self, folder: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .current_dir(self.dir.join(folder))
            .args(arguments)
            .env_remove("HOLOTYPE_AUTHOR");
        command
    }

    /// Returns three annotations as `list` has them: a platelet, a white and a red cell.
    fn annotations(&self) -> Result<Vec<Value>, Failure> {
        let failed = |why: String| {
            Failure::new(
                IO,
                format!("the demo cannot list its annotations: {why}"),
                "report this",
            )
        };
        let output = self
            .command("dataset", &["list", "annotations", "--json"])
            .output()
            .map_err(|error| failed(error.to_string()))?;
        let rows: Vec<Value> = String::from_utf8_lossy(&output.stdout)
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect();
        let of = |label: &str, skip: usize| {
            rows.iter()
                .filter(|row| row.get("label").and_then(Value::as_str) == Some(label))
                .nth(skip)
                .cloned()
        };
        [of("Platelets", 0), of("WBC", 0), of("RBC", 5)]
            .into_iter()
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| failed("a class is missing".to_owned()))
    }

    /// Flips one bit of a stored image, shows that it is found, and puts it back.
    fn flip(&self, app: &mut App) -> Result<(), Failure> {
        let io =
            |error: std::io::Error| Failure::new(IO, format!("cannot damage a file: {error}"), "report this");
        let blob = first_file(&self.dir.join("dataset/.holotype/blobs")).map_err(io)?;
        let mut bytes = fs::read(&blob).map_err(io)?;
        if let Some(byte) = bytes.get_mut(1000) {
            *byte ^= 1;
        }
        fs::write(&blob, &bytes).map_err(io)?;
        let code = self.run_any(app, "dataset", &["verify"])?;
        if let Some(byte) = bytes.get_mut(1000) {
            *byte ^= 1;
        }
        fs::write(&blob, &bytes).map_err(io)?;
        if code != Some(1) {
            return Err(Failure::new(
                IO,
                "the flipped bit was not found",
                "report this, with what was printed above",
            ));
        }
        self.say(
            app,
            "It was found and named. The bit is put back, and all is well again.",
        )?;
        self.run(app, "dataset", &["verify"])
    }
}

/// The commands of the second annotator: a label, a box that was 3 px off, a cell that was counted twice.
fn corrections(rows: &[Value]) -> String {
    let id = |index: usize| rows.get(index).map_or("", id_of);
    let mut geometry = rows
        .get(1)
        .and_then(|row| row.get("geometry"))
        .cloned()
        .unwrap_or(Value::Null);
    if let Some(x) = geometry.get_mut("x") {
        *x = json!(x.as_f64().unwrap_or(0.0) + 3.0);
    }
    let lines = [
        json!({"command": "relabel", "annotation": id(0), "label": "WBC", "annotator": "Dr. Ben", "round": 2,
               "blinded": true, "reason": "a small lymphocyte, not a platelet"}),
        json!({"command": "revise", "annotation": id(1), "geometry": geometry, "annotator": "Dr. Ben", "round": 2,
               "reason": "the box was off"}),
        json!({"command": "withdraw", "annotation": id(2), "annotator": "Dr. Ben", "round": 2, "reason": "counted twice"}),
    ];
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn id_of(row: &Value) -> &str {
    row.get("id").and_then(Value::as_str).unwrap_or("")
}

fn first_file(folder: &Path) -> std::io::Result<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            if let Ok(found) = first_file(&path) {
                return Ok(found);
            }
        } else {
            return Ok(path);
        }
    }
    Err(std::io::Error::from(std::io::ErrorKind::NotFound))
}

/// A word as a shell takes it.
fn quote(word: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "-_./=:".contains(character);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
