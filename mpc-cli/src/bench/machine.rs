//! What the machine can do at best, whatever the protocol: the floors under the seconds of a workload.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    thread,
    time::Instant,
};

use mpc_core::{
    backend::{Backend, Cpu},
    bilinear::Bilinear,
    rand::{Address, Prg, Purpose, Seed},
};

/// Of each measurement.
const TIMES: usize = 3;
const BYTES: usize = 256 << 20;
const WORDS: usize = 1 << 22;
const SIZE: usize = 512;

/// Speeds of this machine.
#[derive(Clone, Copy, Debug)]
pub(super) struct Machine {
    /// One TCP connection over loopback, bytes a second.
    pub loopback: f64,
    /// Each generator of random numbers, on all threads of the kernels, bytes a second.
    pub random: [f64; Prg::ALL.len()],
    /// Products of 64-bit words in a matrix product, on all threads of the kernels, a second.
    pub products: f64,
    /// Threads that the kernels may use.
    pub threads: usize,
}

impl Machine {
    /// Measures it: a second or two.
    pub(super) fn measure() -> io::Result<Self> {
        let at = Address { op: 0, part: 0, purpose: Purpose::Mask };
        let cpu = Cpu::default();
        let random = |prg, len| cpu.download(&cpu.random::<u64>(&Seed::new(prg, &[7; 32]), at, 0..len));
        let (a, b) = (cpu.upload(random(Prg::default(), SIZE * SIZE)), cpu.upload(vec![3_u64; SIZE * SIZE]));
        let map = Bilinear::MatMul { m: SIZE, k: SIZE, n: SIZE, ta: false, tb: false };
        let mut loopback = f64::INFINITY;
        for _ in 0..TIMES {
            loopback = loopback.min(transfer()?);
        }
        Ok(Self {
            loopback: BYTES as f64 / loopback,
            random: Prg::ALL.map(|prg| 8.0 * WORDS as f64 / best(|| drop(random(prg, WORDS)))),
            products: (SIZE * SIZE * SIZE) as f64 / best(|| drop(cpu.bilinear(&map, &a, &b))),
            threads: thread::available_parallelism()?.get(),
        })
    }

    /// In words.
    pub(super) fn text(&self) -> String {
        let random: Vec<_> =
            Prg::ALL.iter().zip(self.random).map(|(prg, speed)| format!("{:.2} GB/s of {prg}", speed / 1e9)).collect();
        format!(
            "loopback   {:.2} GB/s over one TCP connection\nrandomness {}, {} threads\nproducts   {:.2} G/s of 64-bit words \
             in a matrix product of {SIZE}, {} threads\n",
            self.loopback / 1e9,
            random.join(", "),
            self.threads,
            self.products / 1e9,
            self.threads,
        )
    }
}

/// Seconds, at best.
fn best(mut f: impl FnMut()) -> f64 {
    let once = |_| {
        let start = Instant::now();
        f();
        start.elapsed().as_secs_f64()
    };
    (0..=TIMES).map(once).fold(f64::INFINITY, f64::min)
}

/// Seconds for [`BYTES`] from one thread to another.
fn transfer() -> io::Result<f64> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let send = move || -> io::Result<()> {
        let mut stream = TcpStream::connect(address)?;
        let chunk = vec![1; 1 << 20];
        (0..BYTES / chunk.len()).try_for_each(|_| stream.write_all(&chunk))
    };
    let sending = thread::spawn(send);
    let (mut stream, _) = listener.accept()?;
    let (start, mut chunk, mut have) = (Instant::now(), vec![0; 1 << 20], 0);
    while have < BYTES {
        match stream.read(&mut chunk)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            bytes => have += bytes,
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    sending.join().unwrap_or_else(|_| Err(io::Error::other("the sender panicked")))?;
    Ok(seconds)
}
