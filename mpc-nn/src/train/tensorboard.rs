//! A training as TensorBoard shows it.
//!
//! A file of events is a series of records, each a length, its checksum, an `Event` in protobuf and its checksum
//! (tensorflow/core/util/event.proto and core/lib/io/record_writer.h of TensorFlow say which fields and checksums).

use super::{Callback, Event, Moment};
use crate::data::FileError;
use prost::Message;
use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Writes what a training reveals as curves for TensorBoard: a point of each revealed number at the end of each epoch,
/// and the time it took as `seconds`. Give each run a folder below one, and TensorBoard draws them over each other.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let folder = folder.path();
/// use mpc_nn::train::TensorBoard;
/// let board = TensorBoard::create(folder.join("hospital-1"))?;
/// assert!(board.path().file_name().unwrap().to_str().unwrap().starts_with("events.out.tfevents."));
/// # Ok::<_, mpc_nn::data::FileError>(())
/// ```
#[derive(Debug)]
pub struct TensorBoard {
    path: PathBuf,
    file: File,
    failed: bool,
}

impl TensorBoard {
    /// A new file in a folder, which is made if it is not there. Files of earlier sessions stay: a training that goes on
    /// from a checkpoint goes on with its curves.
    ///
    /// # Errors
    /// [`FileError`] with what the system says.
    pub fn create(folder: impl AsRef<Path>) -> Result<Self, FileError> {
        let (folder, now) = (folder.as_ref(), since_epoch());
        fs::create_dir_all(folder).map_err(|error| FileError::of(folder, error))?;
        // TensorBoard reads files in the order of their names.
        let name =
            format!("events.out.tfevents.{:010}.{:09}.{}", now.as_secs(), now.subsec_nanos(), std::process::id());
        let path = folder.join(name);
        let file = File::create_new(&path).map_err(|error| FileError::of(&path, error))?;
        let mut board = Self { path, file, failed: false };
        board.record(&Recorded { version: Some("brain.Event:2".into()), ..Recorded::at(0) });
        Ok(board)
    }

    /// Whether something could not be written: a full disk does not stop a training.
    pub fn failed(&self) -> bool {
        self.failed
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn record(&mut self, event: &Recorded) {
        let event = event.encode_to_vec();
        let length = (event.len() as u64).to_le_bytes();
        let checksums = [checksum(&length), checksum(&event)];
        let record = [&length[..], &checksums[0], &event, &checksums[1]].concat();
        // One write a record, so that a reader never waits for half of one.
        self.failed |= self.file.write_all(&record).is_err();
    }
}

impl Callback for TensorBoard {
    fn on(&mut self, event: &Event<'_>) {
        if event.moment != Moment::Epoch {
            return;
        }
        let revealed = event.revealed.iter().map(|(name, value)| (name.as_str(), *value));
        let numbers = revealed.chain([("seconds", event.elapsed.as_secs_f64())]);
        let values = numbers.map(|(tag, value)| Value { tag: tag.into(), number: Some(value as f32) }).collect();
        self.record(&Recorded { summary: Some(Summary { values }), ..Recorded::at(event.step as i64) });
    }
}

#[derive(Clone, PartialEq, Message)]
struct Recorded {
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(string, optional, tag = "3")]
    version: Option<String>,
    #[prost(message, optional, tag = "5")]
    summary: Option<Summary>,
}

#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    values: Vec<Value>,
}

#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(float, optional, tag = "2")]
    number: Option<f32>,
}

impl Recorded {
    fn at(step: i64) -> Self {
        Self { wall_time: since_epoch().as_secs_f64(), step, version: None, summary: None }
    }
}

fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// The masked CRC-32C of a record's part.
fn checksum(part: &[u8]) -> [u8; 4] {
    const CRC: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_ISCSI);
    CRC.checksum(part).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The events of a file, if all of its checksums are right.
    fn read(mut file: &[u8]) -> Vec<Recorded> {
        let mut events = Vec::new();
        while !file.is_empty() {
            let length = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
            assert_eq!(file[8..12], checksum(&file[..8]));
            let event = &file[12..12 + length];
            assert_eq!(file[12 + length..16 + length], checksum(event));
            events.push(Recorded::decode(event).unwrap());
            file = &file[16 + length..];
        }
        events
    }

    #[test]
    fn curves_have_a_point_an_epoch() {
        let folder = tempfile::tempdir().unwrap();
        let mut board = TensorBoard::create(folder.path().join("runs/first")).unwrap();
        let revealed = [("accuracy".to_owned(), 0.75)];
        for (moment, step) in [(Moment::Step, 9), (Moment::Epoch, 10), (Moment::Checkpoint, 10), (Moment::Epoch, 20)] {
            let elapsed = Duration::from_millis(500 * step);
            board.on(&Event { moment, step, steps: 20, epoch: 0, revealed: &revealed, elapsed, left: None });
        }
        assert!(!board.failed());
        let events = read(&fs::read(board.path()).unwrap());
        assert_eq!(events[0].version.as_deref(), Some("brain.Event:2"));
        let points: Vec<_> = events[1..]
            .iter()
            .flat_map(|event| event.summary.iter().flat_map(|s| &s.values).map(|v| (event.step, &*v.tag, v.number)))
            .collect();
        let expected = [(10, "accuracy", 0.75), (10, "seconds", 5.0), (20, "accuracy", 0.75), (20, "seconds", 10.0)];
        assert_eq!(points, expected.map(|(step, tag, number)| (step, tag, Some(number))));
        assert!(TensorBoard::create(board.path()).is_err());
    }

    /// The check value of CRC-32C is 0xe3069283 (RFC 3720, B.4, has others), its mask that of the record format.
    #[test]
    fn checksums_are_masked() {
        assert_eq!(checksum(b"123456789"), 0xe306_9283u32.rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes());
        assert_eq!(checksum(&[0; 32]), 0x8a91_36aau32.rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes());
    }
}
