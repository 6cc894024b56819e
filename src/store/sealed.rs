//! Small files that carry a digest of themselves: canonical JSON whose member `digest` is BLAKE3 of the canonical
//! JSON of all other members, and one newline. Only these very bytes are accepted when read.

use std::path::Path;

use serde_json::Value;

use crate::codec::{Record, from_canonical, to_canonical, value_from_canonical};
use crate::id::Digest;

use super::error::StoreError;

/// Writes a record with its digest; returns the bytes and the digest.
///
/// # Errors
/// When the record cannot be written as canonical JSON.
pub(crate) fn seal<R: Record>(record: &R) -> Result<(Vec<u8>, Digest), crate::codec::EncodeError> {
    let bytes = to_canonical(record)?;
    let digest = Digest::of(&bytes);
    // A record is one JSON object; the member goes into its text by way of a value, which keeps every number.
    let mut value = value_from_canonical(&bytes).unwrap_or_default();
    if let Value::Object(members) = &mut value {
        members.insert("digest".to_owned(), Value::String(digest.to_string()));
    }
    let mut bytes = to_canonical(&value)?;
    bytes.push(b'\n');
    Ok((bytes, digest))
}

/// Reads a record, checks its digest and that these are the only bytes for it.
///
/// # Errors
/// [`StoreError::Damaged`] when anything differs.
pub(crate) fn unseal<R: Record>(path: &Path, bytes: &[u8]) -> Result<(R, Digest), StoreError> {
    let line = bytes
        .strip_suffix(b"\n")
        .ok_or_else(|| StoreError::damaged(path, "it does not end with a newline"))?;
    let mut value =
        value_from_canonical(line).map_err(|error| StoreError::damaged(path, error.to_string()))?;
    let digest = value
        .as_object_mut()
        .and_then(|members| members.remove("digest"))
        .and_then(|digest| Digest::parse(digest.as_str()?).ok())
        .ok_or_else(|| StoreError::damaged(path, "it has no digest of itself"))?;
    let rest = to_canonical(&value).map_err(|error| StoreError::damaged(path, error.to_string()))?;
    if Digest::of(&rest) != digest {
        return Err(StoreError::damaged(
            path,
            "its content does not fit the digest that it carries",
        ));
    }
    let record = from_canonical(&rest).map_err(|error| {
        let why = error.to_string();
        if why.contains("newer") {
            StoreError::NewerFormat {
                path: path.to_owned(),
                why,
            }
        } else {
            StoreError::damaged(path, why)
        }
    })?;
    Ok((record, digest))
}
