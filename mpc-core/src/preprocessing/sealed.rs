//! A file that is encrypted and authenticated in pieces, so that gigabytes pass through little memory.
//!
//! Pieces of 256 KiB under ChaCha20-Poly1305. The nonce is the number of the piece and whether it is the last: pieces
//! that are moved, left out or cut off do not open (the STREAM construction of Hoang, Reyhanitabar, Rogaway, Vizar, Online
//! Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance, CRYPTO 2015). The key is fresh for every file.

use chacha20poly1305::{AeadInOut, ChaCha20Poly1305, KeyInit};
use std::io::{self, Read, Seek, SeekFrom, Write};
use zeroize::Zeroizing;

/// Bytes of a piece before it is sealed.
const PIECE: usize = 256 << 10;
/// Bytes that sealing adds.
const TAG: usize = 16;

fn nonce(number: u64, last: bool) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[..8].copy_from_slice(&number.to_le_bytes());
    nonce[8] = u8::from(last);
    nonce
}

/// Seals what is written.
pub(super) struct Sealer<W> {
    out: W,
    cipher: ChaCha20Poly1305,
    /// What stands before the pieces and must not be changed either.
    about: [u8; 32],
    number: u64,
    piece: Zeroizing<Vec<u8>>,
}

impl<W: Write> Sealer<W> {
    pub(super) fn new(out: W, key: &[u8; 32], about: [u8; 32]) -> Self {
        let piece = Zeroizing::new(Vec::with_capacity(PIECE + TAG));
        Self { out, cipher: ChaCha20Poly1305::new(key.into()), about, number: 0, piece }
    }

    pub(super) fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            // The last piece may be full, so a full one waits until there is more.
            if self.piece.len() == PIECE {
                self.seal(false)?;
            }
            let (here, rest) = bytes.split_at(bytes.len().min(PIECE - self.piece.len()));
            self.piece.extend_from_slice(here);
            bytes = rest;
        }
        Ok(())
    }

    /// Seals the last piece.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.seal(true)?;
        Ok(self.out)
    }

    fn seal(&mut self, last: bool) -> io::Result<()> {
        let sealed = self.cipher.encrypt_in_place(&nonce(self.number, last).into(), &self.about, &mut *self.piece);
        sealed.map_err(|_| io::Error::other("a piece cannot be encrypted"))?;
        self.out.write_all(&self.piece)?;
        self.piece.clear();
        self.number += 1;
        Ok(())
    }
}

/// Why nothing more is read.
#[derive(Debug)]
pub(super) enum Unread {
    /// It was changed, cut off, or sealed under another key.
    Closed,
    /// The system.
    Io(io::Error),
}

impl From<io::Error> for Unread {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Opens what was sealed, piece by piece.
pub(super) struct Opener<F> {
    from: F,
    cipher: ChaCha20Poly1305,
    about: [u8; 32],
    number: u64,
    /// Sealed bytes that have not been read.
    left: u64,
    piece: Zeroizing<Vec<u8>>,
    at: usize,
}

impl<F: Read + Seek> Opener<F> {
    /// `from` stands where the first piece begins. Opens the last piece first, so that a file that was cut off is noticed
    /// before anything of it is used.
    pub(super) fn new(mut from: F, key: &[u8; 32], about: [u8; 32]) -> Result<Self, Unread> {
        let start = from.stream_position()?;
        let left = from.seek(SeekFrom::End(0))?.saturating_sub(start);
        let sealed = (PIECE + TAG) as u64;
        let number = left.div_ceil(sealed).saturating_sub(1);
        from.seek(SeekFrom::Start(start + number * sealed))?;
        let (cipher, piece) = (ChaCha20Poly1305::new(key.into()), Zeroizing::new(Vec::with_capacity(PIECE + TAG)));
        let mut opener = Self { from, cipher, about, number, left: left - number * sealed, piece, at: 0 };
        opener.refill()?;
        opener.from.seek(SeekFrom::Start(start))?;
        opener.piece.clear();
        Ok(Self { number: 0, left, at: 0, ..opener })
    }

    /// Fills `out`; false if nothing is left. An end in the midst of it is an error.
    pub(super) fn read(&mut self, mut out: &mut [u8]) -> Result<bool, Unread> {
        let mut begun = false;
        while !out.is_empty() {
            if self.at == self.piece.len() {
                if self.left == 0 {
                    return if begun { Err(Unread::Closed) } else { Ok(false) };
                }
                self.refill()?;
                continue;
            }
            let here = out.len().min(self.piece.len() - self.at);
            out[..here].copy_from_slice(&self.piece[self.at..self.at + here]);
            (out, self.at, begun) = (&mut out[here..], self.at + here, true);
        }
        Ok(true)
    }

    fn refill(&mut self) -> Result<(), Unread> {
        let bytes = self.left.min((PIECE + TAG) as u64);
        self.piece.resize(bytes as usize, 0);
        self.from.read_exact(&mut self.piece)?;
        self.left -= bytes;
        let nonce = nonce(self.number, self.left == 0);
        let opened = self.cipher.decrypt_in_place(&nonce.into(), &self.about, &mut *self.piece);
        opened.map_err(|_| Unread::Closed)?;
        (self.number, self.at) = (self.number + 1, 0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn sealed(len: usize) -> Vec<u8> {
        let mut sealer = Sealer::new(Vec::new(), &[7; 32], [9; 32]);
        let bytes: Vec<u8> = (0..len).map(|at| (at % 251) as u8).collect();
        bytes.chunks(1000).for_each(|part| sealer.write(part).unwrap());
        sealer.finish().unwrap()
    }

    fn open(file: Vec<u8>, key: u8, about: u8) -> Option<Vec<u8>> {
        let mut opener = Opener::new(Cursor::new(file), &[key; 32], [about; 32]).ok()?;
        let (mut all, mut byte) = (Vec::new(), [0; 7]);
        while opener.read(&mut byte[..1]).ok()? {
            all.push(byte[0]);
        }
        Some(all)
    }

    #[test]
    fn what_is_sealed_is_read_again_at_any_length() {
        for len in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 3 * PIECE + 500] {
            let file = sealed(len);
            assert_eq!(file.len(), len + TAG * len.div_ceil(PIECE).max(1));
            let found = open(file, 7, 9).unwrap();
            assert!(found.len() == len && found.iter().enumerate().all(|(at, &byte)| byte == (at % 251) as u8));
        }
    }

    #[test]
    fn changed_moved_and_cut_pieces_do_not_open() {
        let (file, size) = (sealed(3 * PIECE + 500), PIECE + TAG);
        assert!(open(file.clone(), 7, 9).is_some());
        assert!(open(file.clone(), 6, 9).is_none());
        assert!(open(file.clone(), 7, 8).is_none());
        for at in [0, PIECE, size, 2 * size + 77, 3 * size, file.len() - 1] {
            let mut changed = file.clone();
            changed[at] ^= 1;
            assert!(open(changed, 7, 9).is_none(), "{at}");
        }
        // Cut at the end of a piece and elsewhere: noticed before anything is read.
        for len in [0, 5, TAG, size, 2 * size, 3 * size, 3 * size + 20, file.len() - 1] {
            assert!(Opener::new(Cursor::new(file[..len].to_vec()), &[7; 32], [9; 32]).is_err(), "{len}");
        }
        let swapped = [&file[size..2 * size], &file[..size], &file[2 * size..]].concat();
        assert!(open(swapped, 7, 9).is_none());
        assert!(open([&file[..], &file[..size]].concat(), 7, 9).is_none());
    }

    #[test]
    fn an_end_in_the_midst_is_an_error() {
        let mut opener = Opener::new(Cursor::new(sealed(10)), &[7; 32], [9; 32]).unwrap();
        assert!(opener.read(&mut [0; 8]).unwrap());
        assert!(matches!(opener.read(&mut [0; 8]), Err(Unread::Closed)));
        let mut opener = Opener::new(Cursor::new(sealed(8)), &[7; 32], [9; 32]).unwrap();
        assert!(opener.read(&mut [0; 8]).unwrap() && !opener.read(&mut [0; 8]).unwrap());
    }
}
