//! A guest: asks servers for a prediction, and shows its input to none of them.

use super::shares::{join, split};
use crate::{
    error::{Error, InputError},
    fixed::Fixed,
    ring::Ring,
    tensor::IntoInput,
};
use mpc_comm::gateway::{Ask, Offer, Reply, RequestId, Service, Visit, VisitOptions};
use ndarray::{ArrayD, IxDyn};

/// Why there is no prediction.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotPredicted {
    /// The input: nothing was sent.
    #[error("the input cannot be asked about: {0}")]
    Input(#[from] InputError),
    /// The input has a shape that the servers do not take: nothing was sent.
    #[error("the input has shape {found:?}, and the servers take {expected:?}, or up to {rows} of these as rows")]
    Shape {
        /// Its shape.
        found: Vec<usize>,
        /// That of one input.
        expected: Vec<u64>,
        /// The most rows.
        rows: u64,
    },
    /// The servers compute with other shares than this program can make.
    #[error(
        "the servers offer shares of {ring} with {fraction_bits} fractional bits, which this program does not know"
    )]
    Offer {
        /// Their ring.
        ring: String,
        /// Their precision.
        fraction_bits: u32,
    },
    /// The servers answered with different shapes, or with none: they do not run the same.
    #[error("the servers' answers do not belong together; nobody but they can say why")]
    Answers,
    /// A server, or the way to it.
    #[error(transparent)]
    Server(#[from] mpc_comm::Error),
    /// The system.
    #[error(transparent)]
    System(Box<Error>),
}

impl From<Error> for NotPredicted {
    fn from(error: Error) -> Self {
        Self::System(Box::new(error))
    }
}

/// A guest at all servers of a service. Its methods block.
///
/// ```no_run
/// use mpc_core::serve::{Client, Service, VisitOptions};
///
/// let service = Service::load("roster.toml")?;
/// let mut doctor = Client::connect(&service, "doctor", VisitOptions::default())?;
/// let scores = doctor.predict(vec![0.5; 784])?;
/// println!("{scores}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Client {
    visit: Visit,
    fixed: Fixed,
}

impl Client {
    /// Calls all servers, as the guest of this name.
    ///
    /// # Errors
    /// As [`Visit::connect`], and [`NotPredicted::Offer`].
    pub fn connect(service: &Service, name: &str, options: VisitOptions) -> Result<Self, NotPredicted> {
        let visit = Visit::connect(service, name, options)?;
        let Offer { ring, fraction_bits, .. } = visit.offer();
        match Fixed::new(*fraction_bits) {
            Ok(fixed) if ring == u64::NAME => Ok(Self { visit, fixed }),
            _ => Err(NotPredicted::Offer { ring: ring.clone(), fraction_bits: *fraction_bits }),
        }
    }

    /// What the servers offer: the model's name, the shape of an input.
    pub fn offer(&self) -> &Offer {
        self.visit.offer()
    }

    /// Bytes sent and received so far, in requests and answers with their headers.
    pub fn traffic(&self) -> (u64, u64) {
        self.visit.traffic()
    }

    /// Asks for the model's result for an input: of the offered shape, or rows of it. The result has rows in either case.
    ///
    /// Costs 8 B an element and 32 B for each server but one, to the servers; 8 B an element of the result from each server.
    ///
    /// # Errors
    /// [`NotPredicted::Input`], [`NotPredicted::Shape`] before anything is sent; [`NotPredicted::Server`] when a server
    /// refuses or cannot be reached; [`NotPredicted::Answers`].
    pub fn predict(&mut self, input: impl IntoInput) -> Result<ArrayD<f64>, NotPredicted> {
        let asks = self.asks(input, None)?;
        let replies = self.visit.ask(asks)?;
        self.joined(replies)
    }

    /// Asks for a result that another guest gets. Give it the number that this returns: with it, and as itself, it fetches
    /// the result, once, before the servers drop it.
    ///
    /// # Errors
    /// As [`predict`](Self::predict).
    pub fn predict_for(&mut self, receiver: &str, input: impl IntoInput) -> Result<RequestId, NotPredicted> {
        let asks = self.asks(input, Some(receiver))?;
        let id = asks.first().map(|ask| ask.id).ok_or(NotPredicted::Answers)?;
        let replies = self.visit.ask(asks)?;
        if replies.iter().all(|reply| *reply == Reply::Stored) { Ok(id) } else { Err(NotPredicted::Answers) }
    }

    /// The result of a request whose receiver we are; waits for it.
    ///
    /// # Errors
    /// [`NotPredicted::Server`] with a refusal if there is none for us; else as [`predict`](Self::predict).
    pub fn fetch(&mut self, id: RequestId) -> Result<ArrayD<f64>, NotPredicted> {
        let replies = self.visit.fetch(id)?;
        self.joined(replies)
    }

    fn asks(&self, input: impl IntoInput, receiver: Option<&str>) -> Result<Vec<Ask>, NotPredicted> {
        let (found, values) = input.into_input()?;
        let Offer { shape: expected, rows: most, .. } = self.visit.offer();
        let one: Vec<usize> = expected.iter().map(|&size| size as usize).collect();
        let elements: usize = one.iter().product();
        let found = found.map_or_else(
            || if values.len() == elements { one.clone() } else { vec![values.len()] },
            |found| found.dims().to_vec(),
        );
        let rows =
            if found == one { Some(1) } else { found.split_first().filter(|(_, rest)| **rest == one).map(|(n, _)| *n) };
        let Some(rows) = rows.filter(|rows| (1..=*most).contains(&(*rows as u64))) else {
            return Err(NotPredicted::Shape { found, expected: expected.clone(), rows: *most });
        };
        let words = self.fixed.encode_all::<u64>(values)?;
        let Some(id) = RequestId::fresh() else {
            return Err(Error::program("the system gives no random bytes").into());
        };
        let shape: Vec<usize> = std::iter::once(rows).chain(one).collect();
        let parts = split(words, self.visit.servers())?;
        let receiver = receiver.map(str::to_owned);
        Ok(parts.into_iter().map(|part| Ask { id, receiver: receiver.clone(), shape: shape.clone(), part }).collect())
    }

    fn joined(&self, replies: Vec<Reply>) -> Result<ArrayD<f64>, NotPredicted> {
        let shares: Option<Vec<_>> = replies
            .into_iter()
            .map(|reply| if let Reply::Result { shape, words } = reply { Some((shape, words)) } else { None })
            .collect();
        let shares = shares.ok_or(NotPredicted::Answers)?;
        let shape = shares.first().map(|(shape, _)| shape.clone()).ok_or(NotPredicted::Answers)?;
        if shares.iter().any(|(other, _)| *other != shape) {
            return Err(NotPredicted::Answers);
        }
        let sum = join(shares.iter().map(|(_, words)| &words[..]), shape.iter().product());
        let values = sum.into_iter().map(|word| self.fixed.decode(word)).collect();
        ArrayD::from_shape_vec(IxDyn(&shape), values).map_err(|_| NotPredicted::Answers)
    }
}
