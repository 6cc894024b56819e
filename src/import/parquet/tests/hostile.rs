//! Files that lie about themselves are refused; none leads to a panic or takes more than a bounded time and memory.

use super::FOREIGN;
use crate::import::parquet::read;

#[test]
fn f16_a_table_cut_off_anywhere_is_refused() {
    for end in 0..FOREIGN.len() {
        assert!(read("x", &FOREIGN[..end]).is_err(), "cut off at {end}");
    }
}

#[test]
fn any_changed_byte_is_read_or_refused_and_never_a_panic() {
    for at in 0..FOREIGN.len() {
        for value in [
            0,
            1,
            0x7f,
            0x80,
            0xff,
            FOREIGN[at] ^ 0x10,
            FOREIGN[at].wrapping_add(1),
        ] {
            let mut bytes = FOREIGN.to_vec();
            bytes[at] = value;
            // Each row needs a byte of the file, whatever the file says.
            if let Ok(document) = read("x", &bytes) {
                assert!(document.annotations.len() <= bytes.len());
            }
        }
    }
}

#[test]
fn a_footer_longer_than_the_file_is_refused_by_its_length() {
    let mut bytes = FOREIGN.to_vec();
    let length = bytes.len();
    bytes[length - 8..length - 4].copy_from_slice(&u32::MAX.to_le_bytes());
    let error = read("x", &bytes).unwrap_err().to_string();
    assert!(
        error.starts_with("x: its footer would have 4294967295 bytes"),
        "{error}"
    );
}

#[test]
fn structures_in_each_other_end_at_a_depth() {
    // Fields of structures within structures, a million deep.
    let mut body = vec![0x1c; 1 << 20];
    body.extend([0; 8]);
    let length = u32::try_from(body.len()).unwrap();
    let bytes = [b"PAR1", &body[..], &length.to_le_bytes(), b"PAR1"].concat();
    let error = read("x", &bytes).unwrap_err().to_string();
    assert!(error.contains("too deep"), "{error}");
}
