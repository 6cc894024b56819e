//! T12: signatures that are none.

use std::fs;
use std::path::{Path, PathBuf};

use holotype::release::{
    CheckOptions, ReleaseCheck, Severity, VerifyingKey, parse_keys, verify_release_with,
};
use ssh_key::private::Ed25519Keypair;
use ssh_key::{Algorithm, HashAlg, LineEnding, PrivateKey, Signature, SshSig};

use crate::bench::{AUTHOR, fill, release, repository};
use crate::lab::Lab;

const NAMESPACE: &str = "holotype-release";

fn key(seed: u8) -> PrivateKey {
    PrivateKey::from(Ed25519Keypair::from_seed(&[seed; 32]))
}

fn public(key: &PrivateKey) -> Vec<VerifyingKey> {
    parse_keys(&key.public_key().to_openssh().unwrap()).unwrap()
}

fn check(dir: &Path, signature: &[u8], signer: &PrivateKey) -> ReleaseCheck {
    fs::write(dir.join("release.json.sig"), signature).unwrap();
    let keys = public(signer);
    let options = CheckOptions {
        images: None,
        signers: Some(&keys),
        cited: None,
    };
    verify_release_with(dir, &options).unwrap()
}

/// Adds the order of the group to the second half of a signature: the same equation holds, and the bytes differ.
fn malleated(good: &[u8]) -> Vec<u8> {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let right = SshSig::from_pem(good).unwrap();
    let mut bytes = right.signature_bytes().to_vec();
    let mut carry = 0_u16;
    for (byte, add) in bytes[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        *byte = u8::try_from(sum & 0xff).unwrap();
        carry = sum >> 8;
    }
    let moved = Signature::new(Algorithm::Ed25519, bytes).unwrap();
    pem(SshSig::new(right.public_key().clone(), NAMESPACE, HashAlg::Sha512, moved).unwrap())
}

fn pem(signature: SshSig) -> Vec<u8> {
    signature.to_pem(LineEnding::LF).unwrap().into_bytes()
}

/// What a check finds: codes and files of what is wrong.
fn wrong(checked: &ReleaseCheck) -> Vec<(&str, &str, &str)> {
    let worse = checked
        .findings
        .iter()
        .filter(|one| one.severity != Severity::Information);
    worse
        .map(|one| (one.code, one.object.as_str(), one.message.as_str()))
        .collect()
}

/// Asserts that the signature alone is wrong, for this reason.
fn assert_unsigned(checked: &ReleaseCheck, reason: &str, what: &str) {
    let found = wrong(checked);
    assert!(
        matches!(found[..], [("HT-R014", "release.json.sig", message)] if message.contains(reason)),
        "{what}: {found:?}"
    );
    assert!(!checked.is_ok());
}

#[test]
fn t12_signatures_of_another_release_repository_key_or_purpose_are_not_believed() {
    let lab = repository();
    let signer = key(1);
    lab.write("key", signer.to_openssh(LineEnding::LF).unwrap().as_bytes());
    let (first, _) = release(&lab, &["1.0.0", "v1", "--sign", "key"]);
    let forced = ["2.0.0", "HEAD", "--sign", "key", "--force-version", "a test"];
    let (second, _) = release(&lab, &forced);
    let good = fs::read(second.join("release.json.sig")).unwrap();
    assert_eq!(wrong(&check(&second, &good, &signer)), []);
    // The same events in another repository, by the same key.
    let other = Lab::seeded("2026-01-02", '6', AUTHOR);
    fill(&other, "second");
    other.write("key", signer.to_openssh(LineEnding::LF).unwrap().as_bytes());
    let (elsewhere, _) = release(&other, &["2.0.0", "HEAD", "--sign", "key"]);
    let bytes = fs::read(second.join("release.json")).unwrap();
    let signature_of = |folder: &Path| fs::read(folder.join("release.json.sig")).unwrap();
    let sign = |by: &PrivateKey, purpose| pem(by.sign(purpose, HashAlg::Sha512, &bytes).unwrap());
    let (none, not_this) = (
        "it is no signature of OpenSSH",
        "it is not a signature of this release.json",
    );
    let bad: Vec<(&str, Vec<u8>, &str)> = vec![
        ("empty", Vec::new(), none),
        ("cut short", good[..good.len() / 2].to_vec(), none),
        ("no text", vec![0xff; 300], none),
        ("of another release", signature_of(&first), not_this),
        ("of another repository", signature_of(&elsewhere), not_this),
        ("malleated", malleated(&good), not_this),
        (
            "of another key",
            sign(&key(2), NAMESPACE),
            "which is none of the keys given",
        ),
        (
            "for another purpose",
            sign(&signer, "file"),
            "it was made for 'file', not for 'holotype-release'",
        ),
    ];
    for (what, signature, reason) in bad {
        assert_unsigned(&check(&second, &signature, &signer), reason, what);
    }
    assert_unsigned(
        &check(&second, &good, &key(2)),
        "which is none of the keys given",
        "asked for another",
    );
    fs::remove_file(second.join("release.json.sig")).unwrap();
    let keys = public(&signer);
    let options = CheckOptions {
        images: None,
        signers: Some(&keys),
        cited: None,
    };
    let gone = verify_release_with(&second, &options).unwrap();
    assert_unsigned(&gone, "the release is not signed", "it is gone");
}

/// A release by a key that is stolen later, and one by the key that the dataset names then.
struct Rotated {
    lab: Lab,
    old: PrivateKey,
    new: PrivateKey,
    first: PathBuf,
    second: PathBuf,
}

impl Rotated {
    fn make() -> Self {
        let lab = repository();
        let (old, new) = (key(1), key(2));
        for (name, key) in [("old", &old), ("new", &new)] {
            lab.write(name, key.to_openssh(LineEnding::LF).unwrap().as_bytes());
        }
        let name_key = |key: &PrivateKey, message: &str| {
            lab.ok(&["set", "dataset", &format!("release_key={}", line(key))]);
            lab.commit(message);
        };
        name_key(&old, "the first key");
        let (first, _) = release(&lab, &["1.0.0", "HEAD", "--sign", "old"]);
        name_key(&new, "another key, the first was stolen");
        let refused = lab.run(&["release", "1.0.1", "HEAD", "--out", "out", "--sign", "old"]);
        assert!(
            refused.refused(3).contains("names other keys than"),
            "{refused:?}"
        );
        assert!(!lab.path().join("out/test-1.0.1").exists());
        let (second, _) = release(&lab, &["1.0.1", "HEAD", "--sign", "new"]);
        Self {
            lab,
            old,
            new,
            first,
            second,
        }
    }

    /// What `verify` says of a release: its exit code.
    fn verify(&self, folder: &Path, more: &[&str]) -> i32 {
        let words = ["verify", "--release", folder.to_str().unwrap(), "--json"];
        self.lab.run(&[&words[..], more].concat()).status
    }

    /// The same of both releases, by a file of keys that came another way.
    fn by_signers(&self, text: String) -> [i32; 2] {
        self.lab.write("signers", text);
        [&self.first, &self.second].map(|folder| self.verify(folder, &["--signers", "signers"]))
    }
}

fn line(key: &PrivateKey) -> String {
    key.public_key().to_openssh().unwrap()
}

/// A key that was stolen: from the version on that names another, it signs nothing.
#[test]
fn t12_a_revoked_key_does_not_sign_what_comes_after() {
    let rotated = Rotated::make();
    let second = &rotated.second;
    assert_eq!(rotated.verify(second, &[]), 0);
    // The thief signs by hand what the new key signed.
    let bytes = fs::read(second.join("release.json")).unwrap();
    let forged = rotated.old.sign(NAMESPACE, HashAlg::Sha512, &bytes).unwrap();
    fs::write(
        second.join("release.json.sig"),
        forged.to_pem(LineEnding::LF).unwrap(),
    )
    .unwrap();
    let found = verify_release_with(second, &CheckOptions::default()).unwrap();
    assert_unsigned(
        &found,
        "the dataset names other keys for its releases",
        "by the old key",
    );
    assert_eq!(rotated.verify(second, &[]), 1);
}

/// What a key signed before it was stolen stays signed for who knows no better, and not for who was told.
#[test]
fn t12_a_revoked_key_is_not_believed_by_who_was_told() {
    let rotated = Rotated::make();
    let (old, new) = (line(&rotated.old), line(&rotated.new));
    assert_eq!(rotated.verify(&rotated.first, &[]), 0);
    for (signers, wanted) in [
        (format!("{old}\n{new}"), [0, 0]),
        (format!("{old}\n{new}\n@revoked * {old}"), [1, 0]),
        (format!("ada@example.org namespaces=\"git\" {old}\n{new}"), [1, 0]),
        // No key is left; no clock is asked.
        (format!("@revoked * {old}"), [3, 3]),
        (format!("* valid-before=\"20260101\" {old}"), [3, 3]),
    ] {
        assert_eq!(rotated.by_signers(signers.clone()), wanted, "{signers}");
    }
}
