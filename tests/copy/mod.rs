//! A copy of the project with faults in its source, each behind a switch, so that it is built once for all of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Files by their names from the root of the project.
pub(crate) type Files = BTreeMap<PathBuf, Vec<u8>>;

/// The folder of the project.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What the project is built from.
pub(crate) fn sources() -> Files {
    let mut files = Files::new();
    for part in ["src", "tests", "docs", "examples", "benches"] {
        read_below(&root().join(part), Path::new(part), &mut files);
    }
    for file in [
        "Cargo.toml",
        "Cargo.lock",
        "README.md",
        "CHANGELOG.md",
        "deny.toml",
    ] {
        files.insert(PathBuf::from(file), fs::read(root().join(file)).unwrap());
    }
    files
}

/// Adds a public module to the library.
pub(crate) fn add_module(files: &mut Files, name: &str, source: &str) {
    let library = files.get_mut(Path::new("src/lib.rs")).unwrap();
    library.extend_from_slice(format!("\n#[allow(missing_docs)]\npub mod {name};\n").as_bytes());
    files.insert(PathBuf::from(format!("src/{name}.rs")), source.into());
}

/// Reads the files below a folder.
fn read_below(folder: &Path, name: &Path, files: &mut Files) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = name.join(path.file_name().unwrap());
        if path.is_dir() {
            read_below(&path, &name, files);
        } else {
            files.insert(name, fs::read(path).unwrap());
        }
    }
}

/// Makes a folder hold these files. What is there already stays untouched, so that it is not built again.
pub(crate) fn write_changed(folder: &Path, files: &Files) {
    let mut there = Files::new();
    if folder.is_dir() {
        read_below(folder, Path::new(""), &mut there);
    }
    for gone in there.keys().filter(|name| !files.contains_key(*name)) {
        fs::remove_file(folder.join(gone)).unwrap();
    }
    for (name, bytes) in files
        .iter()
        .filter(|(name, bytes)| there.get(*name) != Some(bytes))
    {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// `cargo`, in the copy, with a folder for what is built.
pub(crate) fn cargo(project: &Path, target: &Path) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(project).env("CARGO_TARGET_DIR", target);
    command
}

/// What `cargo --message-format=json` said.
pub(crate) fn messages(output: &[u8]) -> Vec<serde_json::Value> {
    let text = String::from_utf8_lossy(output);
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

/// Builds the programs that hold tests, by name; `lib` is the one of the library.
///
/// # Errors
/// What the compiler said, when they cannot be built.
pub(crate) fn build<'a>(
    mut cargo: Command,
    names: impl IntoIterator<Item = &'a str>,
) -> Result<BTreeMap<String, PathBuf>, String> {
    cargo.args(["test", "--no-run", "--message-format=json"]);
    for name in names {
        match name {
            "lib" => cargo.arg("--lib"),
            name => cargo.args(["--test", name]),
        };
    }
    let built = cargo.output().map_err(|error| error.to_string())?;
    let messages = messages(&built.stdout);
    if !built.status.success() {
        let rendered = messages
            .iter()
            .filter_map(|message| message["message"]["rendered"].as_str());
        return Err(format!(
            "the copy cannot be built:\n{}\n{}",
            String::from_utf8_lossy(&built.stderr),
            rendered.collect::<String>()
        ));
    }
    let mut programs = BTreeMap::new();
    for message in messages {
        let target = &message["target"];
        let kind = target["kind"][0].as_str().unwrap_or_default();
        let name = if kind == "lib" {
            "lib"
        } else {
            target["name"].as_str().unwrap_or_default()
        };
        if let Some(program) = message["executable"].as_str().filter(|_| kind != "bin") {
            programs.insert(name.to_owned(), PathBuf::from(program));
        }
    }
    Ok(programs)
}
