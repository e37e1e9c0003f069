//! The training loop: epochs, batches, metrics, callbacks, checkpoints.

mod callback;
mod report;
mod resume;
mod stop;
mod tensorboard;
mod trainer;

pub use callback::{Callback, Event, JsonLines, Moment};
pub use report::{Epoch, Report};
pub use stop::Goal;
pub use tensorboard::TensorBoard;
pub use trainer::Trainer;
