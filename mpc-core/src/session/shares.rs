//! A party's own shares, out of a session and into a later one: what a checkpoint is made of.
//!
//! Why this opens nothing: a party's share is in its memory anyway, and the shares of any N - 1 parties are random without
//! that of the last. A share that comes back is first made fresh with shares of zero under the seeds of the new session.
//! The value is then a wire of that session, with a mask of its own, so no value is ever opened twice under one mask, in
//! whichever sessions it is restored, and however often.
//!
//! What it asks of the user: all parties restore the shares of the same moment; shares of different moments add up to
//! noise, and nobody notices. Shares on a disk are as secret as the values to whoever collects those of all parties. The
//! checkpoints of `mpc-nn` see to both.

use super::Session;
use crate::{
    error::{Error, Result},
    op::{Audience, Handle, Opened},
    shape::Shape,
    tensor::Tensor,
    visibility::Secret,
};
use std::{fmt, panic::Location};
use zeroize::Zeroizing;

/// The mistake of asking a client for a share.
fn no_share(op: &str) -> Error {
    Error::program(format!("`{op}` at a client: only parties that compute hold shares"))
}

/// What one party holds of a secret tensor: ring elements in little-endian bytes. Erased from memory when dropped; never
/// printed.
#[derive(Clone)]
pub struct OwnShare(Zeroizing<Vec<u8>>);

impl OwnShare {
    /// A share from the bytes of [`Self::as_bytes`].
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes. Keep them where nobody reads them who has, or may get, the other parties'.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for OwnShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OwnShare")
    }
}

impl Session {
    /// This party's share of a secret, once it is computed. Sends nothing.
    ///
    /// # Errors
    /// The mistake on the way to the tensor, or whatever stopped the session; [`Error::Program`] at a client.
    pub async fn export_share(&self, x: &Tensor<Secret>) -> Result<OwnShare> {
        if self.is_client() {
            return Err(no_share("export_share"));
        }
        let node = x.handle().ready().await?;
        let share = OwnShare(Zeroizing::new(self.runtime().engine().own_share(&node.operand)));
        self.runtime().engine().check()?;
        Ok(share)
    }

    /// This party's share of a secret for people outside of the session, made fresh with shares of zero: with those of all
    /// other parties it shows the value, and nothing of how that was computed. Sends nothing. `to` says who gets how much of
    /// it, for the ledger.
    ///
    /// # Errors
    /// As [`export_share`](Self::export_share).
    pub(crate) async fn hand_out(
        &self,
        x: &Tensor<Secret>,
        to: impl IntoIterator<Item = (String, Shape)>,
        at: &'static Location<'static>,
    ) -> Result<OwnShare> {
        let fresh = self.import_share(x.shape(), self.export_share(x).await?);
        let share = self.export_share(&fresh).await?;
        let scopes = self.runtime().scopes();
        let scope = scopes.path(scopes.step("hand_out"));
        for (guest, shape) in to {
            self.runtime().enter(Opened { scope: scope.clone(), shape, to: Audience::Guest(guest), at, times: 1 });
        }
        Ok(share)
    }

    /// The secret of which every party gives the share that it exported, in this session or an earlier one with the same
    /// parties and settings. Sends nothing. A share of another length is a mistake, returned when the result is read.
    #[track_caller]
    pub fn import_share(&self, shape: impl Into<Shape>, share: OwnShare) -> Tensor<Secret> {
        Handle::restore(self.runtime(), shape.into(), share.0).into()
    }
}
