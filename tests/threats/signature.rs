//! T12: signatures that are none.

use std::fs;
use std::path::Path;

use holotype::release::{CheckOptions, ReleaseCheck, VerifyingKey, parse_keys, verify_release_with};
use ssh_key::private::Ed25519Keypair;
use ssh_key::{Algorithm, HashAlg, LineEnding, PrivateKey, Signature, SshSig};

use crate::bench::{release, repository};

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
fn malleated(signature: &[u8]) -> Vec<u8> {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut bytes = signature.to_vec();
    let mut carry = 0_u16;
    for (byte, add) in bytes[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        *byte = u8::try_from(sum & 0xff).unwrap();
        carry = sum >> 8;
    }
    bytes
}

#[test]
fn t12_signatures_of_another_release_key_or_purpose_are_not_believed() {
    let lab = repository();
    let signer = key(1);
    lab.write("key", signer.to_openssh(LineEnding::LF).unwrap().as_bytes());
    let (first, _) = release(&lab, &["1.0.0", "v1", "--sign", "key"]);
    let forced = ["2.0.0", "HEAD", "--sign", "key", "--force-version", "a test"];
    let (second, _) = release(&lab, &forced);
    let good = fs::read(second.join("release.json.sig")).unwrap();
    assert!(check(&second, &good, &signer).is_ok());
    let bytes = fs::read(second.join("release.json")).unwrap();
    let pem = |signature: SshSig| signature.to_pem(LineEnding::LF).unwrap().into_bytes();
    let right = SshSig::from_pem(&good).unwrap();
    let moved = SshSig::new(
        right.public_key().clone(),
        NAMESPACE,
        HashAlg::Sha512,
        Signature::new(Algorithm::Ed25519, malleated(right.signature_bytes())).unwrap(),
    );
    let bad: Vec<(&str, Vec<u8>)> = vec![
        ("empty", Vec::new()),
        ("cut short", good[..good.len() / 2].to_vec()),
        (
            "of another release",
            fs::read(first.join("release.json.sig")).unwrap(),
        ),
        (
            "of another key",
            pem(key(2).sign(NAMESPACE, HashAlg::Sha512, &bytes).unwrap()),
        ),
        (
            "for another purpose",
            pem(signer.sign("file", HashAlg::Sha512, &bytes).unwrap()),
        ),
        ("no text", vec![0xff; 300]),
        ("malleated", pem(moved.unwrap())),
    ];
    for (what, signature) in bad {
        let checked = check(&second, &signature, &signer);
        assert!(!checked.is_ok(), "{what}");
        assert!(
            checked
                .findings
                .iter()
                .any(|finding| finding.object.contains("release.json")),
            "{what}: {:?}",
            checked.findings
        );
    }
    let other = check(&second, &good, &key(2));
    assert!(!other.is_ok(), "the key is another one than was asked for");
    fs::remove_file(second.join("release.json.sig")).unwrap();
    let keys = public(&signer);
    let options = CheckOptions {
        images: None,
        signers: Some(&keys),
        cited: None,
    };
    assert!(
        !verify_release_with(&second, &options).unwrap().is_ok(),
        "it is gone"
    );
}
