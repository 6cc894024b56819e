//! Streams of bytes being hashed, and written where that is wanted, in bounded memory: while one piece is read, the
//! one before is hashed and the one before that written.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use crate::id::{BlobId, Digest};

/// Bytes are read, hashed and written in pieces of this size.
pub const PIECE_BYTES: usize = 1 << 20;

/// So many pieces of one stream are in memory: one in each of the three hands, and one between them.
const PIECES: usize = 4;

/// From here on, hashing a piece on several cores gains more than it costs.
const PARALLEL_BYTES: usize = 128 << 10;

/// Which side of a stream failed.
#[derive(Debug)]
pub(super) enum StreamError {
    /// The source cannot be read.
    Read(io::Error),
    /// The sink takes no more.
    Write(io::Error),
}

/// Hashes a stream; returns the id and the length in bytes.
///
/// # Errors
/// Those of the stream.
pub fn hash_stream<R: Read + ?Sized>(reader: &mut R) -> io::Result<(BlobId, u64)> {
    pump(reader, |_| Ok(())).map_err(|error| match error {
        StreamError::Read(error) | StreamError::Write(error) => error,
    })
}

/// Passes a stream on to `sink`, and returns the id and the length in bytes of what `sink` was given.
///
/// The stream is read by the calling thread. One of a single piece needs no other.
///
/// # Errors
/// [`StreamError`]; `sink` was given a part of the stream then.
pub(super) fn pump<R, S>(reader: &mut R, mut sink: S) -> Result<(BlobId, u64), StreamError>
where
    R: Read + ?Sized,
    S: FnMut(&[u8]) -> io::Result<()> + Send,
{
    let mut first = vec![0_u8; PIECE_BYTES];
    let count = fill_piece(reader, &mut first).map_err(StreamError::Read)?;
    if count == PIECE_BYTES {
        return relay(reader, first, sink);
    }
    first.truncate(count);
    sink(&first).map_err(StreamError::Write)?;
    Ok((BlobId::of(&first), length(count)))
}

/// Three threads hand the pieces on in a ring: this one reads, one hashes, one passes them to `sink`. Where no thread
/// can be had, this one does all three.
fn relay<R, S>(reader: &mut R, first: Vec<u8>, mut sink: S) -> Result<(BlobId, u64), StreamError>
where
    R: Read + ?Sized,
    S: FnMut(&[u8]) -> io::Result<()> + Send,
{
    let (read, to_hash) = channel();
    let (hashed, to_sink) = channel();
    let (emptied, to_fill) = channel();
    let lent = &mut sink;
    let relayed = thread::scope(|scope| {
        let hash = move || hash_pieces(&to_hash, &hashed);
        let hashing = thread::Builder::new().spawn_scoped(scope, hash);
        let pass = move || sink_pieces(&to_sink, &emptied, lent);
        let sinking = thread::Builder::new().spawn_scoped(scope, pass);
        let (Ok(hashing), Ok(sinking)) = (hashing, sinking) else {
            drop(read);
            return Err(first);
        };
        let filled = read_pieces(reader, first, &to_fill, &read);
        drop(read);
        let hasher = hashing
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let sunk = sinking
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let all = sunk
            .map_err(StreamError::Write)
            .and_then(|()| Ok((blob_id(&hasher), filled.map_err(StreamError::Read)?)));
        Ok(all)
    });
    relayed.unwrap_or_else(|first| alone(reader, first, sink))
}

/// Reads, hashes and passes on one piece after the other.
fn alone<R, S>(reader: &mut R, first: Vec<u8>, mut sink: S) -> Result<(BlobId, u64), StreamError>
where
    R: Read + ?Sized,
    S: FnMut(&[u8]) -> io::Result<()>,
{
    let (mut hasher, mut piece, mut size) = (blake3::Hasher::new(), first, 0_u64);
    let mut count = piece.len();
    while let Some(bytes) = piece.get(..count).filter(|bytes| !bytes.is_empty()) {
        hasher.update(bytes);
        sink(bytes).map_err(StreamError::Write)?;
        size = size.saturating_add(length(count));
        count = fill_piece(reader, &mut piece).map_err(StreamError::Read)?;
    }
    Ok((blob_id(&hasher), size))
}

/// Reads to the end of the stream, or until nobody takes the pieces; returns how many bytes it read.
fn read_pieces<R: Read + ?Sized>(
    reader: &mut R,
    first: Vec<u8>,
    to_fill: &Receiver<Vec<u8>>,
    read: &Sender<Vec<u8>>,
) -> io::Result<u64> {
    let mut size = length(first.len());
    let mut made = 1;
    let mut full = first;
    loop {
        if read.send(full).is_err() {
            return Ok(size);
        }
        let mut next = if made < PIECES {
            made += 1;
            vec![0_u8; PIECE_BYTES]
        } else {
            match to_fill.recv() {
                Ok(piece) => piece,
                Err(_) => return Ok(size),
            }
        };
        let count = fill_piece(reader, &mut next)?;
        if count == 0 {
            return Ok(size);
        }
        next.truncate(count);
        size = size.saturating_add(length(count));
        full = next;
    }
}

fn hash_pieces(to_hash: &Receiver<Vec<u8>>, hashed: &Sender<Vec<u8>>) -> blake3::Hasher {
    let mut hasher = blake3::Hasher::new();
    for piece in to_hash {
        update(&mut hasher, &piece);
        if hashed.send(piece).is_err() {
            break;
        }
    }
    hasher
}

fn sink_pieces(
    to_sink: &Receiver<Vec<u8>>,
    emptied: &Sender<Vec<u8>>,
    mut sink: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    for piece in to_sink {
        sink(&piece)?;
        // The reader is gone when the stream has ended.
        let _ = emptied.send(piece);
    }
    Ok(())
}

pub(super) fn blob_id(hasher: &blake3::Hasher) -> BlobId {
    BlobId::from_digest(Digest::from_bytes(*hasher.finalize().as_bytes()))
}

/// Hashes a piece, on several cores where it is large.
pub(super) fn update(hasher: &mut blake3::Hasher, bytes: &[u8]) {
    if bytes.len() >= PARALLEL_BYTES {
        hasher.update_rayon(bytes);
    } else {
        hasher.update(bytes);
    }
}

fn length(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// Reads until the piece is full or the stream ends; returns how many bytes were read.
///
/// # Errors
/// Those of the stream, but for an interruption.
pub fn fill_piece<R: Read + ?Sized>(reader: &mut R, piece: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = piece.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stream that gives its bytes in pieces of odd lengths, and is interrupted between them.
    struct Odd<'b>(&'b [u8], bool);

    impl Read for Odd<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let wanted = buffer.len().min(77_777);
            (&mut self.0).read(&mut buffer[..wanted])
        }
    }

    #[test]
    fn a_stream_of_any_length_is_hashed_and_passed_on_whole() {
        const MIB: usize = 1 << 20;
        for length in [0, 1, MIB - 1, MIB, MIB + 1, 6 * MIB, 6 * MIB + 5] {
            let bytes: Vec<u8> = (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect();
            let mut passed = Vec::new();
            let sink = |piece: &[u8]| {
                passed.extend_from_slice(piece);
                Ok(())
            };
            let (id, size) = pump(&mut Odd(&bytes, false), sink).unwrap();
            assert_eq!((id, size), (BlobId::of(&bytes), length as u64), "{length}");
            assert!(passed == bytes, "{length}");
            // Where no thread can be had, it is the same.
            let mut again = Vec::new();
            let (first, rest) = bytes.split_at(length.min(MIB));
            let sink = |piece: &[u8]| {
                again.extend_from_slice(piece);
                Ok(())
            };
            let found = alone(&mut Odd(rest, false), first.to_vec(), sink).unwrap();
            assert_eq!(found, (id, size), "{length}");
            assert!(again == bytes, "{length}");
        }
    }
}
