//! Signatures of `release.json` in the form of `ssh-keygen -Y sign` (SSHSIG), in the namespace `holotype-release`. Anyone
//! checks one with `ssh-keygen -Y verify`. Pure.
//!
//! Ed25519 keys sign and are checked. Which keys may sign is said by the dataset itself, in its fact `release_key`: lines
//! of public keys as OpenSSH writes them. A new key is a new value of the fact, so that rotation is an event; a release
//! is held to the keys of its own version. What the log says of keys protects nobody who got log and key from the same
//! stranger: compare the fingerprint with one that came another way.

use ssh_key::{Algorithm, HashAlg, LineEnding, PrivateKey, PublicKey, SshSig};

use crate::model::{FactValue, Facts};

/// What signatures are made for.
pub const NAMESPACE: &str = "holotype-release";

/// The fact of the dataset that holds the keys.
pub const KEY_FACT: &str = "release_key";

/// Why a key or a signature cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The text is no private key.
    #[error("it is no private key in the form of OpenSSH: {why}")]
    NoPrivateKey {
        /// What the reader says.
        why: String,
    },
    /// The private key is locked by a passphrase.
    #[error("the private key is locked by a passphrase")]
    Locked,
    /// The key is of another kind.
    #[error("a key of the kind {kind} cannot sign or be checked here")]
    Kind {
        /// The kind.
        kind: String,
    },
    /// The text holds no public key.
    #[error("line {line} is no public key in the form of OpenSSH")]
    NoPublicKey {
        /// The number of the line.
        line: u64,
    },
    /// A key is given for something that cannot be held to it here, such as a time.
    #[error("line {line}: '{option}' is not understood here, so the key is not believed")]
    Option {
        /// The number of the line.
        line: u64,
        /// What stands before the key.
        option: String,
    },
    /// The bytes cannot be signed.
    #[error("the key cannot sign: {why}")]
    Failed {
        /// What the signer says.
        why: String,
    },
    /// The signature is no signature, or not of these bytes.
    #[error("{why}")]
    BadSignature {
        /// What is wrong.
        why: String,
    },
}

/// A key that signs.
#[derive(Debug, Clone)]
pub struct SigningKey(PrivateKey);

impl SigningKey {
    /// Reads a private key as `ssh-keygen -t ed25519` writes it.
    ///
    /// # Errors
    /// [`SignError`] when it is none, is locked, or is of another kind.
    pub fn parse(text: &str) -> Result<Self, SignError> {
        let key = PrivateKey::from_openssh(text).map_err(|error| SignError::NoPrivateKey {
            why: error.to_string(),
        })?;
        if key.is_encrypted() {
            return Err(SignError::Locked);
        }
        check_kind(&key.algorithm())?;
        Ok(Self(key))
    }

    /// Returns its public half, which tells who signed.
    #[must_use]
    pub fn public(&self) -> VerifyingKey {
        VerifyingKey(self.0.public_key().clone())
    }

    /// Signs bytes. The same key and bytes give the same signature.
    ///
    /// # Errors
    /// [`SignError::Failed`] when the key cannot sign.
    pub fn sign(&self, bytes: &[u8]) -> Result<String, SignError> {
        let failed = |error: ssh_key::Error| SignError::Failed {
            why: error.to_string(),
        };
        let signature = self.0.sign(NAMESPACE, HashAlg::Sha512, bytes).map_err(failed)?;
        signature.to_pem(LineEnding::LF).map_err(failed)
    }
}

/// A key by which a signature is checked.
#[derive(Debug, Clone)]
pub struct VerifyingKey(PublicKey);

impl PartialEq for VerifyingKey {
    /// The comment of a key is not part of it.
    fn eq(&self, other: &Self) -> bool {
        self.0.key_data() == other.0.key_data()
    }
}

impl VerifyingKey {
    /// Returns its fingerprint, `SHA256:…`, as `ssh-keygen -l` prints it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.0.fingerprint(HashAlg::Sha256).to_string()
    }

    /// Returns the line `ssh-ed25519 AAAA…`, without a comment.
    #[must_use]
    pub fn line(&self) -> String {
        let mut bare = self.0.clone();
        bare.set_comment("");
        bare.to_openssh().unwrap_or_default().trim_end().to_owned()
    }
}

/// Reads public keys, one a line: `ssh-ed25519 AAAA… comment`, or the same behind a principal and options as in the file
/// that `ssh-keygen -Y verify -f` takes. Empty lines and those that begin with `#` are passed over. A key behind
/// `@revoked` is left out, whatever other line names it, and so is one whose `namespaces` are for something else.
///
/// # Errors
/// [`SignError::NoPublicKey`] for the first line that holds none, [`SignError::Option`] for the first whose key is meant
/// for a time, for certificates or for another thing that is not checked here.
pub fn parse_keys(text: &str) -> Result<Vec<VerifyingKey>, SignError> {
    let (mut keys, mut revoked) = (Vec::new(), Vec::new());
    for (number, line) in (1_u64..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let found = line
            .match_indices("ssh-ed25519 ")
            .filter_map(|(start, _)| line.split_at_checked(start))
            .find_map(|(before, rest)| Some((before, PublicKey::from_openssh(rest).ok()?)));
        let (before, key) = found.ok_or(SignError::NoPublicKey { line: number })?;
        let option = |option: &str| SignError::Option {
            line: number,
            option: option.to_owned(),
        };
        match use_of(before).map_err(option)? {
            KeyUse::Releases => keys.push(VerifyingKey(key)),
            KeyUse::Elsewhere => {}
            KeyUse::Revoked => revoked.push(VerifyingKey(key)),
        }
    }
    keys.retain(|key| !revoked.contains(key));
    Ok(keys)
}

/// What a key is named for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeyUse {
    Releases,
    Elsewhere,
    Revoked,
}

/// Reads what stands before a key: a marker, or principals and options. What is not understood is the error.
fn use_of(before: &str) -> Result<KeyUse, &str> {
    let mut words = split_unquoted(before, char::is_whitespace);
    let principals = words.next().unwrap_or_default();
    match principals {
        "@revoked" => return Ok(KeyUse::Revoked),
        marker if marker.starts_with('@') => return Err(marker),
        _ => {}
    }
    let mut found = KeyUse::Releases;
    for option in words.flat_map(|word| split_unquoted(word, |letter| letter == ',')) {
        let names = option
            .split_once('=')
            .filter(|(name, _)| name.eq_ignore_ascii_case("namespaces"))
            .map(|(_, names)| names.trim_matches('"'))
            .ok_or(option)?;
        // `*` alone is every purpose; other patterns are not tried.
        if names != "*" && names.contains(['*', '?', '!']) {
            return Err(option);
        }
        if names != "*" && names.split(',').all(|name| name != NAMESPACE) {
            found = KeyUse::Elsewhere;
        }
    }
    Ok(found)
}

/// Splits a text outside of quotation marks; empty parts are left out.
fn split_unquoted(text: &str, is_border: impl Fn(char) -> bool) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    text.split(move |letter| {
        is_quoted ^= letter == '"';
        !is_quoted && is_border(letter)
    })
    .filter(|part| !part.is_empty())
}

/// Returns the keys that the facts of a dataset name.
///
/// # Errors
/// [`SignError::NoPublicKey`] when the fact is something else.
pub fn keys_of(facts: &Facts) -> Result<Vec<VerifyingKey>, SignError> {
    let text = facts.get(KEY_FACT).and_then(FactValue::as_text);
    parse_keys(text.unwrap_or_default())
}

/// Checks a signature of bytes; returns who made it.
pub(super) fn check_signature(signature: &[u8], bytes: &[u8]) -> Result<VerifyingKey, SignError> {
    let bad = |why: String| SignError::BadSignature { why };
    let parsed = SshSig::from_pem(signature)
        .map_err(|error| bad(format!("it is no signature of OpenSSH: {error}")))?;
    check_kind(&parsed.algorithm())?;
    if parsed.namespace() != NAMESPACE {
        let why = format!(
            "it was made for '{}', not for '{NAMESPACE}'",
            parsed.namespace().escape_debug()
        );
        return Err(bad(why));
    }
    let key = PublicKey::from(parsed.public_key().clone());
    match key.verify(NAMESPACE, bytes, &parsed) {
        Ok(()) => Ok(VerifyingKey(key)),
        Err(_) => Err(bad("it is not a signature of this release.json".to_owned())),
    }
}

fn check_kind(algorithm: &Algorithm) -> Result<(), SignError> {
    if *algorithm == Algorithm::Ed25519 {
        Ok(())
    } else {
        Err(SignError::Kind {
            kind: algorithm.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ssh_key::private::Ed25519Keypair;

    fn key(seed: u8) -> SigningKey {
        SigningKey(PrivateKey::from(Ed25519Keypair::from_seed(&[seed; 32])))
    }

    #[test]
    fn a_signature_names_who_made_it_and_of_what() {
        let signature = key(1).sign(b"a release").unwrap();
        assert_eq!(signature, key(1).sign(b"a release").unwrap());
        assert!(signature.starts_with("-----BEGIN SSH SIGNATURE-----\n"));
        let signer = check_signature(signature.as_bytes(), b"a release").unwrap();
        assert_eq!(signer, key(1).public());
        assert_ne!(signer, key(2).public());
        assert!(signer.fingerprint().starts_with("SHA256:"));
        for bad in [
            check_signature(signature.as_bytes(), b"another"),
            check_signature(b"", b"a release"),
            check_signature(signature.replace('A', "B").as_bytes(), b"a release"),
        ] {
            assert!(matches!(bad, Err(SignError::BadSignature { .. })), "{bad:?}");
        }
    }

    #[test]
    fn a_signature_for_something_else_is_refused() {
        let other = key(1).0.sign("file", HashAlg::Sha512, b"a release").unwrap();
        let other = other.to_pem(LineEnding::LF).unwrap();
        let checked = check_signature(other.as_bytes(), b"a release");
        assert!(
            matches!(&checked, Err(SignError::BadSignature { why }) if why.contains("'file'")),
            "{checked:?}"
        );
    }

    #[test]
    fn keys_are_read_from_both_kinds_of_files() {
        let line = key(1).public().line();
        let text = format!("# ours\n\n{line} ada@example.org\nada@example.org {line}\n");
        assert_eq!(parse_keys(&text).unwrap(), [key(1).public(), key(1).public()]);
        assert_eq!(
            parse_keys("ssh-ed25519 AAAA\n"),
            Err(SignError::NoPublicKey { line: 1 })
        );
        assert_eq!(keys_of(&Facts::new()).unwrap(), []);
        assert!(matches!(
            SigningKey::parse("no key"),
            Err(SignError::NoPrivateKey { .. })
        ));
    }

    #[test]
    fn a_key_is_known_for_what_its_line_says() {
        let (one, two) = (key(1).public(), key(2).public());
        let parse = |text: String| parse_keys(&text);
        for before in [
            "ada@example.org",
            "ada@example.org,ben@example.org namespaces=\"holotype-release\"",
            "* NameSpaces=\"file,holotype-release\"",
            "* namespaces=\"*\"",
            "* namespaces=holotype-release",
        ] {
            assert_eq!(
                parse(format!("{before} {}", one.line())),
                Ok(vec![one.clone()]),
                "{before}"
            );
        }
        for before in [
            "ada@example.org namespaces=\"git\"",
            "* namespaces=\"file,holotype-releases\"",
        ] {
            assert_eq!(parse(format!("{before} {}", one.line())), Ok(vec![]), "{before}");
        }
        for (before, option) in [
            ("* valid-before=\"20260101\"", "valid-before=\"20260101\""),
            (
                "* namespaces=\"*\",valid-after=\"2026 01\"",
                "valid-after=\"2026 01\"",
            ),
            ("* cert-authority", "cert-authority"),
            ("@cert-authority *", "@cert-authority"),
            ("* namespaces=\"holotype-*\"", "namespaces=\"holotype-*\""),
            (
                "* namespaces=\"!holotype-release,*\"",
                "namespaces=\"!holotype-release,*\"",
            ),
        ] {
            let (line, option) = (2, option.to_owned());
            let text = format!("{}\n{before} {}", two.line(), one.line());
            assert_eq!(parse(text), Err(SignError::Option { line, option }), "{before}");
        }
    }

    #[test]
    fn a_revoked_key_is_known_by_no_line() {
        let (one, two) = (key(1).public(), key(2).public());
        let named = format!("ada@example.org {}\n{} the same\n", one.line(), one.line());
        for text in [
            format!("{named}@revoked * {}\n{}", one.line(), two.line()),
            format!("@revoked {}\n{named}{}", one.line(), two.line()),
        ] {
            assert_eq!(parse_keys(&text).unwrap(), std::slice::from_ref(&two), "{text}");
        }
    }
}
