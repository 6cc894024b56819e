//! What the program is made of and what it leaves behind: nobody else's code runs when it is built, nothing in it reaches
//! a network, its files have the modes that the user asked for, and keys stay where they were.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

mod lab;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use lab::{Lab, bare_environment};
use serde_json::json;
use ssh_key::private::{Ed25519Keypair, KeypairData};
use ssh_key::{LineEnding, PrivateKey};

/// Crates that open connections, speak a protocol over them, or wait for them.
const NETWORK: &[&str] = &[
    "async-io",
    "async-std",
    "attohttpc",
    "aws-config",
    "aws-sdk-s3",
    "axum",
    "curl",
    "git2",
    "gix-transport",
    "h2",
    "hickory-resolver",
    "hyper",
    "hyper-util",
    "isahc",
    "libssh2-sys",
    "minreq",
    "mio",
    "native-tls",
    "object_store",
    "openssl",
    "openssl-sys",
    "opendal",
    "polling",
    "quinn",
    "reqwest",
    "rustls",
    "rustls-native-certs",
    "sentry",
    "smol",
    "socket2",
    "ssh2",
    "surf",
    "tiny_http",
    "tokio",
    "trust-dns-resolver",
    "tungstenite",
    "ureq",
    "webpki-roots",
    "websocket",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn parsed(name: &str) -> toml::Table {
    fs::read_to_string(root().join(name)).unwrap().parse().unwrap()
}

/// The crates that `Cargo.lock` names, each with those that it needs, on whatever platform and by whatever feature.
fn locked() -> BTreeMap<String, BTreeSet<String>> {
    let mut needs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in parsed("Cargo.lock")["package"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap().to_owned();
        let wanted = package.get("dependencies").and_then(toml::Value::as_array);
        // "name", or "name version" where there are two.
        let wanted = wanted.into_iter().flatten().map(|one| {
            let word = one.as_str().unwrap().split(' ').next();
            word.unwrap().to_owned()
        });
        needs.entry(name).or_default().extend(wanted);
    }
    needs
}

/// All that these crates need, themselves included.
fn closure(needs: &BTreeMap<String, BTreeSet<String>>, of: BTreeSet<String>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut ahead: Vec<String> = of.into_iter().collect();
    while let Some(name) = ahead.pop() {
        if found.insert(name.clone()) {
            ahead.extend(needs[&name].iter().cloned());
        }
    }
    found
}

/// What is built into the program: not what tests need alone.
fn built_in() -> BTreeSet<String> {
    let manifest = parsed("Cargo.toml");
    let direct = manifest["dependencies"]
        .as_table()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    closure(&locked(), direct)
}

#[test]
fn no_crate_of_the_program_reaches_a_network() {
    let crates = built_in();
    // It looks where it says: what is known to be there is found, and what tests alone need is not.
    assert!(
        crates.contains("blake3") && crates.contains("parking_lot_core"),
        "{crates:?}"
    );
    assert!(
        !crates.contains("proptest") && crates.len() > 150,
        "{}",
        crates.len()
    );
    let found: Vec<&str> = NETWORK
        .iter()
        .copied()
        .filter(|name| crates.contains(*name))
        .collect();
    assert_eq!(found, [""; 0]);
    let manifest = parsed("Cargo.toml");
    let features = manifest["dependencies"]["rustix"]["features"].as_array().unwrap();
    let features: Vec<&str> = features.iter().map(|one| one.as_str().unwrap()).collect();
    assert_eq!(features, ["fs", "process"], "rustix has sockets, too");
}

/// Neither the library nor the program opens a connection or starts another program; the demonstration runs the program
/// itself, command by command.
#[test]
fn no_source_names_a_socket_or_a_process() {
    let mut found = Vec::new();
    let is_source = |path: &PathBuf| {
        let is_test = path.components().any(|part| part.as_os_str() == "tests") || path.ends_with("tests.rs");
        path.extension().is_some_and(|ending| ending == "rs") && !is_test
    };
    for path in files_below(&root().join("src")).into_iter().filter(is_source) {
        let text = fs::read_to_string(&path).unwrap();
        let words = [
            "std::net",
            "unix::net",
            "TcpStream",
            "TcpListener",
            "UdpSocket",
            "process::Command",
        ];
        for word in words.into_iter().filter(|word| text.contains(word)) {
            found.push(format!(
                "{}: {word}",
                path.strip_prefix(root()).unwrap().display()
            ));
        }
    }
    assert_eq!(found, ["src/bin/holotype/commands/demo.rs: process::Command"]);
}

#[test]
fn building_runs_no_script_of_ours() {
    let manifest = parsed("Cargo.toml");
    assert!(manifest["package"].as_table().unwrap().get("build").is_none());
    assert!(manifest.get("build-dependencies").is_none());
    assert!(!root().join("build.rs").exists());
    assert!(
        !root().join(".cargo").exists(),
        "no setting of cargo runs something else"
    );
    for package in parsed("Cargo.lock")["package"].as_array().unwrap() {
        let (name, source) = (package["name"].as_str().unwrap(), package.get("source"));
        let is_ours = name == "holotype" && source.is_none();
        let is_registry = source.and_then(toml::Value::as_str)
            == Some("registry+https://github.com/rust-lang/crates.io-index");
        assert!(
            is_ours || (is_registry && package.get("checksum").is_some()),
            "{name}"
        );
    }
}

/// Everything below a folder that is no folder.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    entries_below(folder)
        .into_iter()
        .filter(|path| !path.is_dir())
        .collect()
}

/// Everything below a folder.
fn entries_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(entries_below(&path));
        }
        found.push(path);
    }
    found
}

/// Runs the program with a umask, which must succeed.
fn under(lab: &Lab, umask: &str, arguments: &[&str]) {
    let mut command = Command::new("sh");
    bare_environment(&mut command)
        .args(["-c", "umask \"$1\" && shift && exec \"$@\"", "sh", umask])
        .arg(env!("CARGO_BIN_EXE_holotype"))
        .args(arguments)
        .current_dir(lab.path())
        .env("PATH", "/usr/bin:/bin")
        .env("HOLOTYPE_AUTHOR", "Ada Example <ada@example.org>")
        .env("HOLOTYPE_NOW", "2026-01-02T00:00:00Z");
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{umask} {arguments:?}: {told}");
}

/// One of each command that writes, words between spaces.
const COMMANDS: [&str; 22] = [
    "init --name modes --author ada@example.org",
    "set dataset title=Cells licence=MIT creators=Ngo",
    "add in/images",
    "record in/one.jsonl --create",
    "commit -m one",
    "tag v1 -m one",
    "record in/two.jsonl",
    "index rebuild",
    "checkout v1 out/copy",
    "export v1 --format asap --out out/asap",
    "export v1 --format coco --out out/coco.json",
    "export v1 --format csv --out out/points.csv",
    "export v1 --format geojson --out out/geojson",
    "export v1 --format parquet --out out/points.parquet",
    "export v1 --format sliderunner --out out/points.sqlite",
    "export v1 --format voc --out out/voc",
    "export v1 --format yolo --out out/yolo",
    "release 1.0.0 v1 --out out --with-images --archive tar.zst",
    "release 1.0.1 v1 --out out --with-images --archive zip --force-version another-form",
    "commit -m two",
    "erase b.png --reason asked --yes",
    "gc",
];

/// Runs all commands from an empty folder on.
fn everything(lab: &Lab, umask: &str) {
    for (name, x) in [("in/one.jsonl", 1), ("in/two.jsonl", 2)] {
        let point = json!({
            "command": "annotate", "image": "a.png", "geometry": {"type": "point", "x": x, "y": 2}, "label": "cell",
            "annotator": "expert 1",
        });
        lab.write(name, point.to_string());
    }
    lab.write("in/images/a.png", b"the bytes of a");
    lab.write("in/images/b.png", b"the bytes of b");
    for command in COMMANDS {
        under(lab, umask, &command.split(' ').collect::<Vec<_>>());
    }
}

/// What the user lets others do is what they may do, with each file and folder that is made.
#[test]
fn files_and_folders_are_made_with_the_users_umask() {
    for (umask, file, folder) in [
        ("077", 0o600, 0o700),
        ("002", 0o664, 0o775),
        ("027", 0o640, 0o750),
    ] {
        let lab = Lab::bare("2026-01-02");
        everything(&lab, umask);
        let mut made = 0;
        let mut wrong = Vec::new();
        for path in entries_below(&lab.path().join(".holotype"))
            .into_iter()
            .chain(entries_below(&lab.path().join("out")))
        {
            let metadata = fs::symlink_metadata(&path).unwrap();
            let wanted = if metadata.is_dir() { folder } else { file };
            let mode = metadata.permissions().mode() & 0o7777;
            made += 1;
            if mode != wanted {
                wrong.push(format!(
                    "{mode:o} {}",
                    path.strip_prefix(lab.path()).unwrap().display()
                ));
            }
        }
        assert!(made > 100, "{made}");
        assert_eq!(wrong, [""; 0], "under {umask}");
    }
}

/// The key of a signature is read and nothing else: no byte of it is in the repository or in what is handed out.
#[test]
fn a_private_key_never_enters_a_repository_or_a_release() {
    let lab = Lab::on("2026-01-02");
    lab.describe();
    lab.write("images/a.png", b"the bytes of a");
    lab.ok(&["add", "images"]);
    lab.commit("one");
    let keys = tempfile::tempdir().unwrap();
    let file = keys.path().join("key");
    let key = PrivateKey::from(Ed25519Keypair::from_seed(b"planted seed of 32 bytes, secret"));
    let pem = key.to_openssh(LineEnding::LF).unwrap();
    fs::write(&file, pem.as_bytes()).unwrap();
    let words = ["release", "1.0.0", "--out", "out", "--archive", "zip", "--sign"];
    lab.ok(&[&words[..], &[file.to_str().unwrap()]].concat());
    let KeypairData::Ed25519(pair) = key.key_data() else {
        unreachable!("it was made as one of Ed25519")
    };
    let seed = pair.private.to_bytes();
    // The line of the file that holds the seed.
    let line = pem.lines().nth(4).unwrap();
    let secrets: [&[u8]; 3] = [&seed, line.as_bytes(), file.to_str().unwrap().as_bytes()];
    let holds = |bytes: &[u8], secret: &[u8]| bytes.windows(secret.len()).any(|window| window == secret);
    assert!(
        holds(pem.as_bytes(), secrets[1]),
        "the search finds what is there"
    );
    let mut seen = 0;
    for path in files_below(lab.path()) {
        let bytes = fs::read(&path).unwrap();
        seen += 1;
        for secret in secrets {
            assert!(!holds(&bytes, secret), "{}", path.display());
        }
    }
    assert!(seen > 20, "{seen}");
    let signed = lab.path().join("out/test-1.0.0/release.json.sig");
    assert!(holds(&fs::read(signed).unwrap(), b"SSH SIGNATURE"));
}

/// No private key lies among the sources of this project, the fixtures of tests included.
#[test]
fn no_private_key_is_in_the_sources() {
    // In two parts, so that this file does not hold it.
    let begins = ["PRIVATE KEY", "-----"].concat();
    let mut seen = 0;
    let top = fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path());
    let built = ["target", ".git"].map(|name| root().join(name));
    for path in top.filter(|path| !built.contains(path)) {
        let files = if path.is_dir() {
            files_below(&path)
        } else {
            vec![path]
        };
        for file in files
            .iter()
            .filter(|file| !file.starts_with(root().join("fuzz/target")))
        {
            let bytes = fs::read(file).unwrap();
            let has = bytes
                .windows(begins.len())
                .any(|window| window == begins.as_bytes());
            assert!(!has, "{}", file.display());
            seen += 1;
        }
    }
    assert!(seen > 500, "{seen}");
}
