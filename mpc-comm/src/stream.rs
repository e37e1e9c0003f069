//! What carries a link: anything that reads and writes bytes in order.

use std::fmt;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsStream;

/// How long one who is turned away may take to hear why.
const DISMISSAL: Duration = Duration::from_secs(1);
/// So much of what one who is turned away still says is thrown away; it is not read beyond.
const IGNORED: usize = 256 << 10;

/// What reads a link.
pub(crate) type ReadHalf = Box<dyn AsyncRead + Unpin + Send>;
/// What writes it.
pub(crate) type WriteHalf = Box<dyn AsyncWrite + Unpin + Send>;

/// A connection before and after its greeting.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Unpin + Send + fmt::Debug {
    /// Parts it, for the two tasks of a link.
    fn halves(self: Box<Self>) -> (ReadHalf, WriteHalf);

    /// What carries it, for whoever reads what nobody will understand any more.
    fn below(&mut self) -> &mut TcpStream;
}

impl Duplex for TcpStream {
    fn halves(self: Box<Self>) -> (ReadHalf, WriteHalf) {
        let (read, write) = self.into_split();
        (Box::new(read), Box::new(write))
    }

    fn below(&mut self) -> &mut TcpStream {
        self
    }
}

impl Duplex for TlsStream<TcpStream> {
    fn halves(self: Box<Self>) -> (ReadHalf, WriteHalf) {
        let (read, write) = split(*self);
        (Box::new(read), Box::new(write))
    }

    fn below(&mut self) -> &mut TcpStream {
        self.get_mut().0
    }
}

/// Closes a connection so that what was written last arrives: with bytes unread, closing would throw it away. They are not
/// decrypted: a TLS connection that has said that it closes is not for reading (debug builds of rustls end at records that are
/// wrong then).
pub(crate) async fn dismiss(stream: &mut (impl Duplex + ?Sized)) {
    let ignore = async {
        stream.shutdown().await?;
        let (mut space, mut left) = ([0; 1 << 10], IGNORED);
        while left > 0 {
            match stream.below().read(&mut space).await? {
                0 => break,
                bytes => left = left.saturating_sub(bytes),
            }
        }
        std::io::Result::Ok(())
    };
    // It is turned away already; what goes wrong now changes nothing.
    let _ = timeout(DISMISSAL, ignore).await;
}
