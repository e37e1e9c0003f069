//! What can go wrong, by whose fault. No message carries a value of a tensor.

mod offline;

pub use offline::OfflineError;

use crate::shape::Shape;
use std::{fmt, panic::Location, sync::Arc};

/// The result of this crate's fallible functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error, with what is needed to act on it and nothing secret.
#[non_exhaustive]
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The program asked for something that cannot be done. Noticed when the op is recorded, returned when its result
    /// is read.
    #[error("{op}: {problem} (shapes {}; in `{scope}`, at {at})", List(.shapes))]
    Usage {
        /// The op.
        op: String,
        /// What does not fit.
        problem: Usage,
        /// The shapes it was given.
        shapes: Vec<Shape>,
        /// Where in the model.
        scope: Arc<str>,
        /// Where in the source.
        at: &'static Location<'static>,
    },
    /// A value grew beyond what the ring holds: see [`Settings::check_range`](crate::Settings::check_range).
    #[error(
        "{op}: a result is {limit} or more, where shares of {ring} with {fraction_bits} fractional bits wrap around to a \
         wrong number (in `{scope}`, at {at}). Scale the values down, or use fewer fractional bits"
    )]
    Range {
        /// The op.
        op: &'static str,
        /// What magnitudes must stay below.
        limit: f64,
        /// The ring of the session that is being debugged.
        ring: &'static str,
        /// The precision.
        fraction_bits: u32,
        /// Where in the model.
        scope: Arc<str>,
        /// Where in the source.
        at: &'static Location<'static>,
    },
    /// This party could not provide its input. The other parties see [`Error::Aborted`].
    #[error("the input of {party} at {at}: {problem}")]
    Input {
        /// The owner.
        party: String,
        /// What is wrong with the data.
        problem: InputError,
        /// Where in the source.
        at: &'static Location<'static>,
    },
    /// A file, flag or setting.
    #[error(transparent)]
    Config(#[from] mpc_comm::ConfigError),
    /// A setting of the session itself.
    #[error("setting `{key}`: {problem}")]
    Setting {
        /// Which.
        key: &'static str,
        /// What is wrong, and what is expected.
        problem: String,
    },
    /// A device that computes, such as a GPU.
    #[error("{device}: {problem}")]
    Device {
        /// Which.
        device: String,
        /// What is wrong with it.
        problem: DeviceError,
    },
    /// Another party, or the way to it.
    #[error("{peer} ({name}) {kind}")]
    Peer {
        /// Who.
        peer: mpc_comm::PartyId,
        /// Its name in the roster.
        name: String,
        /// What happened.
        kind: mpc_comm::PeerError,
    },
    /// A party runs another program, or the same one with other public values.
    #[error(
        "{peer} ({name}) runs another program: round {round} has digest {theirs:016x} there and {ours:016x} here; \
         the last step recorded here is `{scope}` at {near}. All parties must run the same program with the same \
         public values (flags, shapes, constants)"
    )]
    Diverged {
        /// Whose frame did not fit.
        peer: mpc_comm::PartyId,
        /// Its name in the roster.
        name: String,
        /// The round in which it was noticed.
        round: u64,
        /// Digest of everything recorded here.
        ours: u64,
        /// Digest of everything recorded there.
        theirs: u64,
        /// The last step recorded here.
        scope: Arc<str>,
        /// The line that recorded it.
        near: &'static Location<'static>,
    },
    /// Another party gave up and said why.
    #[error("{by} ({name}) stopped the session: {cause}")]
    Aborted {
        /// Who.
        by: mpc_comm::PartyId,
        /// Its name in the roster.
        name: String,
        /// Why.
        cause: String,
    },
    /// This party was told to stop: a signal, or a [`Stop`](mpc_comm::Stop). The others have been told.
    #[error("told to stop by {by}")]
    Stopped {
        /// Who wants it.
        by: mpc_comm::StoppedBy,
    },
    /// The dealer sent something that was not asked for, or did not answer.
    #[error("correlated randomness: {0}")]
    Preprocessing(String),
    /// A request that is too large for the dealer's limits.
    #[error(
        "one step (op {op}) needs {elements} elements of correlated randomness at once, and this dealer answers up to \
         {limit}: make the step smaller (batches), or raise the dealer's limit (--largest-request)"
    )]
    RequestTooLarge {
        /// The op.
        op: u64,
        /// What it takes to answer.
        elements: u64,
        /// What the dealer allows.
        limit: u64,
    },
    /// A package of randomness that was made ahead.
    #[error(transparent)]
    Offline(#[from] OfflineError),
    /// The program awaits a value that no recorded op will produce.
    #[error("the program awaits a value that no recorded step produces")]
    Stalled,
    /// The operating system.
    #[error("{what}: {source}")]
    Io {
        /// What was being done.
        what: String,
        /// What the system said.
        source: Arc<std::io::Error>,
    },
    /// An error of the program itself. The other parties hear that there was one, and not its text.
    #[error("{0}")]
    Program(String),
}

impl Error {
    /// What the other parties may hear of it. Texts that come from the program or from what loads its data may quote that
    /// data: they stay here.
    pub fn for_others(&self) -> String {
        match self {
            Self::Program(_) => "its program failed; its own log says why".to_owned(),
            Self::Input { party, problem: InputError::Source(_), at } => {
                format!("the input of {party} at {at}: it could not be loaded; its own log says why")
            }
            Self::Input { party, problem: InputError::Names { missing, extra }, at } => {
                let problem = InputError::Names { missing: missing.clone(), extra: Vec::new() };
                format!("the input of {party} at {at}: {problem} {} more names; its own log lists them", extra.len())
            }
            Self::Offline(error) => error.for_others(),
            other => other.to_string(),
        }
    }

    /// An error of the program itself.
    pub fn program(cause: impl fmt::Display) -> Self {
        Self::Program(cause.to_string())
    }
}

impl From<mpc_comm::Error> for Error {
    fn from(error: mpc_comm::Error) -> Self {
        match error {
            mpc_comm::Error::Config(config) => Self::Config(config),
            mpc_comm::Error::Peer { peer, name, kind } => Self::Peer { peer, name, kind },
            mpc_comm::Error::Aborted { by, name, cause } => Self::Aborted { by, name, cause },
            mpc_comm::Error::Stopped { by } => Self::Stopped { by },
            mpc_comm::Error::Io { what, source } => Self::Io { what, source },
            other => Self::Program(other.to_string()),
        }
    }
}

/// What is wrong in [`Error::Device`].
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// The program was built for the CPU alone.
    #[error("this program was built without CUDA: build it with `--features cuda`")]
    NotBuilt,
    /// There is no driver.
    #[error("no CUDA driver on this machine ({0}). The devices `auto` and `cpu` compute on the processor")]
    NoDriver(String),
    /// There is no such GPU.
    #[error("there is no GPU {index}: {}", counted(*found))]
    NoGpu {
        /// Which was asked for, from 0.
        index: usize,
        /// How many there are.
        found: usize,
    },
    /// A GPU without what the kernels need.
    #[error("its compute capability is {major}.{minor}, and the kernels need 7.5 or more (Turing, 2018)")]
    OldGpu {
        /// The first number.
        major: i32,
        /// The second one.
        minor: i32,
    },
    /// A driver that does not know the kernels.
    #[error("its driver is older than CUDA 13.0, for which the kernels were made: update the driver")]
    OldDriver,
    /// Not enough memory.
    #[error(
        "out of memory: {} more are needed, this session has {}{}. Use smaller batches, or a GPU with more memory",
        Bytes(*wanted), Bytes(*used), at_most(*limit)
    )]
    Memory {
        /// Bytes that were asked for.
        wanted: u64,
        /// Bytes that the session had.
        used: u64,
        /// What the session may have at most, if that was the limit.
        limit: Option<u64>,
    },
    /// Anything else that the driver says.
    #[error("{call} failed: {text} (code {code})")]
    Driver {
        /// The driver's function.
        call: &'static str,
        /// Its result.
        code: i32,
        /// What the driver says of it.
        text: String,
    },
}

fn counted(found: usize) -> String {
    match found {
        0 => "there are none".to_owned(),
        1 => "there is one, which is GPU 0".to_owned(),
        _ => format!("there are {found}, counted from 0"),
    }
}

fn at_most(limit: Option<u64>) -> String {
    limit.map_or_else(String::new, |limit| format!(", and may have {}", Bytes(limit)))
}

/// A number of bytes, for people.
struct Bytes(u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            few @ 0..10_000 => write!(f, "{few} B"),
            some @ 10_000..10_000_000 => write!(f, "{} kB", some / 1000),
            some @ 10_000_000..10_000_000_000 => write!(f, "{} MB", some / 1_000_000),
            many => write!(f, "{} GB", many / 1_000_000_000),
        }
    }
}

/// What does not fit in [`Error::Usage`].
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Usage {
    /// The shapes of the operands.
    #[error("the shapes do not fit: {expected}")]
    Shape {
        /// What would fit.
        expected: String,
    },
    /// An axis that is not there.
    #[error("axis {axis} is out of range for {rank} axes")]
    Axis {
        /// The axis.
        axis: usize,
        /// How many there are.
        rank: usize,
    },
    /// A slice that is out of bounds.
    #[error("{start}..{end} (step {step}) is out of bounds for an axis of {size}")]
    Slice {
        /// First element.
        start: usize,
        /// One past the last.
        end: usize,
        /// Distance.
        step: usize,
        /// Size of the axis.
        size: usize,
    },
    /// A public number that the fixed-point ring cannot hold.
    #[error(
        "the public value {value} is outside of what {fraction_bits} fractional bits can represent (below {limit})"
    )]
    Constant {
        /// The number.
        value: f64,
        /// Bits after the point.
        fraction_bits: u32,
        /// Largest magnitude.
        limit: f64,
    },
    /// Tensors of two sessions.
    #[error("the tensors belong to different sessions")]
    Sessions,
    /// Something else about the arguments.
    #[error("{0}")]
    Argument(String),
}

/// What is wrong with data that a party feeds in. Names positions, never values.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum InputError {
    /// Not a number.
    #[error("element {index} is not finite (NaN or infinite)")]
    NotFinite {
        /// Position in row-major order.
        index: usize,
    },
    /// Too large.
    #[error("element {index} is too large: with {fraction_bits} fractional bits a magnitude must stay below {limit}")]
    OutOfRange {
        /// Position in row-major order.
        index: usize,
        /// Bits after the point.
        fraction_bits: u32,
        /// Largest magnitude.
        limit: f64,
    },
    /// Other than announced.
    #[error("it has shape {found} where the program announces {expected}")]
    Shape {
        /// What the closure gave.
        found: Shape,
        /// What the program says.
        expected: Shape,
    },
    /// One of several tensors that are fed in together.
    #[error("`{name}`: {problem}")]
    Part {
        /// Its name, which the program knows.
        name: String,
        /// What is wrong with it.
        problem: Box<InputError>,
    },
    /// The names of tensors that are fed in together.
    #[error("{}", names(missing, extra))]
    Names {
        /// What the program has and the data lacks.
        missing: Vec<String>,
        /// What the data has and the program lacks.
        extra: Vec<String>,
    },
    /// The closure that loads it failed.
    #[error("{0}")]
    Source(String),
}

fn names(missing: &[String], extra: &[String]) -> String {
    let list = |what: &str, names: &[String]| match names.is_empty() {
        true => String::new(),
        false => format!(" {what}: `{}`.", names.join("`, `")),
    };
    format!("the names do not fit.{}{}", list("Missing", missing), list("Not in the model", extra))
}

struct List<'a>(&'a [Shape]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, shape) in self.0.iter().enumerate() {
            write!(f, "{}{shape}", if at > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}
