//! Readers, and data of several parties.

mod helpers;

use helpers::{ULP, agreed, alice, bob, close};
use mpc_core::{Error, Session, sim::Sim};
use mpc_nn::data::{self, Problem, Standard, Table};
use ndarray::{Array, Array2, array};
use std::io::Write;

#[test]
fn tables_name_what_is_wrong_and_where() {
    let folder = tempfile::tempdir().unwrap();
    let write = |text: &str| {
        let path = folder.path().join("people.csv");
        std::fs::write(&path, text).unwrap();
        path
    };
    let table = Table::read(write("age,\"city, now\",kind\n41,Bonn,b\n 29.5 ,\"New\nYork\",a\n7,x,b\n")).unwrap();
    assert_eq!(table.names(), ["age", "city, now", "kind"]);
    assert_eq!(table.numbers(&["age"]).unwrap(), array![[41.0], [29.5], [7.0]]);
    assert_eq!(table.one_hot("kind", &["a", "b", "c"]).unwrap().row(1).to_vec(), [1.0, 0.0, 0.0]);
    assert_eq!(table.categories("kind").unwrap(), ["a", "b"]);
    let error = table.numbers(&["age", "size"]).unwrap_err();
    assert!(
        error.to_string().ends_with("people.csv, `size`: no such column; there are: age, city, now, kind"),
        "{error}"
    );
    // The third row begins in line 5: a cell above has two lines.
    let error = table.one_hot("kind", &["a"]).unwrap_err();
    assert!(matches!((error.line, &error.problem), (Some(2), Problem::Category(1))), "{error}");
    let bad = Table::read(write("age,kind\n1,\"x\ny\"\nsecret,b\n")).unwrap();
    let error = bad.numbers(&["age"]).unwrap_err();
    assert!(error.to_string().ends_with("people.csv, line 4, `age`: not a finite number"), "{error}");
    assert!(!error.to_string().contains("secret") && !format!("{bad:?}").contains("secret"));
    let error = Table::read(write("a,b\n1,2\n3\n")).unwrap_err();
    assert!(matches!((error.line, error.problem), (Some(3), Problem::Cells { expected: 2, found: 1 })));
    assert!(Table::read(folder.path().join("none.csv")).unwrap_err().to_string().contains("none.csv"));
}

#[test]
fn arrays_of_numpy_and_mnist() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    ndarray_npy::write_npy(&path, &array![[1i64, -2], [3, 40]]).unwrap();
    assert_eq!(data::npy::read(&path).unwrap(), array![[1.0, -2.0], [3.0, 40.0]].into_dyn());
    ndarray_npy::write_npy(&path, &array![0.5f32, 0.25]).unwrap();
    assert_eq!(data::npy::read(&path).unwrap(), array![0.5, 0.25].into_dyn());
    std::fs::write(&path, "no array").unwrap();
    assert!(data::npy::read(&path).unwrap_err().to_string().contains("x.npy"));
    let idx = [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, 0, 128, 255, 7];
    let path = folder.path().join("images.idx3-ubyte.gz");
    let mut packed = flate2::write::GzEncoder::new(std::fs::File::create(&path).unwrap(), flate2::Compression::fast());
    packed.write_all(&idx).unwrap();
    packed.finish().unwrap();
    let pixels = data::idx::read(&path).unwrap();
    assert_eq!((pixels.shape(), pixels[[0, 1, 0]]), (&[1, 2, 2][..], 255.0));
}

/// Small files that speak of large arrays are refused, and nothing of that size is made.
#[test]
fn arrays_are_no_larger_than_their_files() {
    use mpc_nn::data::npy;
    use std::io::Write;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npy");
    let file = |header: &str, values: &[u8]| {
        let length = (header.len() as u16).to_le_bytes();
        [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), values].concat()
    };
    let read = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        npy::read(&path).map_err(|error| error.to_string())
    };
    let header = |shape: &str| format!("{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}\n");
    assert_eq!(read(&file(&header("(2, 3)"), &[7; 6])).unwrap().shape(), [2, 3]);
    assert_eq!(read(&file(&header("()"), &[7])).unwrap().shape(), [0usize; 0]);
    let huge = "(1099511627776,)";
    // 'shape' may be spelt in many ways.
    let hidden = format!("{{'descr': '|u1', 'fortran_order': False, 's\\x68ape': {huge}, }}\n");
    let twice = format!("{{'shape': (1,), 'descr': '|u1', 'fortran_order': False, 'shape': {huge}, }}\n");
    for header in [header(huge), header("(4294967296, 4294967296)"), hidden, twice] {
        let error = read(&file(&header, &[7; 6])).unwrap_err();
        assert!(error.contains("shorter than its shape says"), "{error}");
    }
    assert!(read(b"\x93NUMPY\x02\x00\xff\xff\xff\xff{").unwrap_err().contains("not an array"));

    // 160 MiB of zeros in an archive of 160 kB.
    let zeros = file(&header("(167772160,)"), &vec![0; 160 << 20]);
    let mut packed = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&zeros).unwrap();
    let packed = packed.finish().unwrap();
    let checksum = crc::Crc::<u32, crc::Table<16>>::new(&crc::CRC_32_ISO_HDLC).checksum(&zeros).to_le_bytes();
    let sizes = [checksum, (packed.len() as u32).to_le_bytes(), (zeros.len() as u32).to_le_bytes()].concat();
    let common = [&[20, 0, 0, 0, 8, 0, 0, 0, 0, 0][..], &sizes, &[1, 0, 0, 0]].concat();
    let local = [&b"PK\x03\x04"[..], &common, b"z", &packed].concat();
    let central = [&b"PK\x01\x02\x14\x00"[..], &common, &[0; 2], &[0; 8], &[0; 4], b"z"].concat();
    let lengths = [(central.len() as u32).to_le_bytes(), (local.len() as u32).to_le_bytes()].concat();
    let end = [&b"PK\x05\x06\0\0\0\0\x01\0\x01\0"[..], &lengths, &[0, 0]].concat();
    std::fs::write(&path, [local, central, end].concat()).unwrap();
    let error = npy::read_npz(&path).unwrap_err().to_string();
    assert!(error.contains("unpacks to more"), "{error}");
}

#[cfg(feature = "images")]
#[test]
fn pictures_of_one_size() {
    use mpc_nn::data::images::{Channels, read, read_all};
    let folder = tempfile::tempdir().unwrap();
    let save = |name: &str, width: u32| {
        let path = folder.path().join(name);
        image::RgbImage::from_fn(width, 2, |x, y| image::Rgb([255 * u8::from(x == 1), 51 * y as u8, 0]))
            .save(&path)
            .unwrap();
        path
    };
    let (small, large) = (save("a.png", 2), save("b.png", 3));
    let picture = read(&small, Channels::Rgb).unwrap();
    assert_eq!(picture.shape(), [3, 2, 2]);
    assert_eq!((picture[[0, 0, 1]], picture[[1, 1, 0]], picture[[2, 1, 1]]), (1.0, 0.2, 0.0));
    assert_eq!(read_all([&small, &small], Channels::Grey).unwrap().shape(), [2, 1, 2, 2]);
    let error = read_all([&small, &large], Channels::Rgb).unwrap_err();
    assert!(error.to_string().contains("b.png: it has shape [3, 2, 3], not [3, 2, 2]"), "{error}");

    // A picture of another size than it says, with a checksum that fits: nothing of that size is made.
    let mut bytes = std::fs::read(&small).unwrap();
    bytes[16..24].copy_from_slice(&[0, 0, 0x27, 0x10, 0, 0, 0x27, 0x10]);
    let checksum = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC).checksum(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&checksum.to_be_bytes());
    std::fs::write(&large, bytes).unwrap();
    let error = read(&large, Channels::Rgb).unwrap_err();
    assert!(error.to_string().contains("10000 x 10000 pixels are more than 67108864"), "{error}");
}

#[test]
fn rows_and_columns_of_several_parties() {
    let of = |rows: usize, columns: usize, first: f64| {
        Array2::from_shape_fn((rows, columns), |(i, j)| first + (columns * i + j) as f64)
    };
    let found = agreed(Sim::new(3).run(async |s: Session| {
        let me = s.runtime().me();
        let below = data::horizontal(&s, (me != 1).then(|| of(1 + me, 2, 10.0 * me as f64))).await?;
        let beside = data::vertical(&s, Some(of(2, 1 + me, 10.0 * me as f64))).await?;
        assert_eq!((below.shape().dims(), beside.shape().dims()), (&[4, 2][..], &[2, 6][..]));
        Ok((below.reveal().await?, beside.reveal().await?))
    }));
    assert_eq!(found.0, array![[0.0, 1.0], [20.0, 21.0], [22.0, 23.0], [24.0, 25.0]].into_dyn());
    let expected = array![[0.0, 10.0, 11.0, 20.0, 21.0, 22.0], [1.0, 12.0, 13.0, 23.0, 24.0, 25.0]];
    assert_eq!(found.1, expected.into_dyn());
    let seen =
        Sim::new(2).run(async |s: Session| data::vertical(&s, Some(of(4 + s.runtime().me(), 1, 0.0))).await.map(drop));
    for error in seen {
        let error = error.unwrap_err();
        assert!(matches!(error, Error::Usage { .. }));
        let text = error.to_string();
        assert!(text.contains("as many rows at every party that gives any (party0: 4, party1: 5)"), "{text}");
    }
}

#[test]
fn columns_become_standard() {
    let values: Vec<f64> =
        (0..40).map(|i| if i % 2 == 0 { 100.0 + f64::from(i) } else { 0.1 * f64::from(i * 7 % 11) }).collect();
    let found = agreed(Sim::new(2).run(async |s: Session| {
        let x = alice(&s, [20, 2], &values);
        Standard::of(&x).apply(&x).reveal().await
    }));
    let clear = Array::from_shape_vec((20, 2), values).unwrap();
    for (found, clear) in found.columns().into_iter().zip(clear.columns()) {
        let (mean, deviation) = (clear.mean().unwrap(), (clear.var(0.0) + 1e-3).sqrt());
        close(found.iter().copied(), clear.iter().map(|x| (x - mean) / deviation), 2e-3);
    }
    let public = agreed(Sim::new(2).run(async |s: Session| {
        let x = bob(&s, [1, 2], &[3.0, 0.5]);
        Standard::public(&s, &[1.0, 0.0], &[4.0, 0.25]).apply(&x).reveal().await
    }));
    close(public, [0.5, 2.0], 2e-3);
}

#[test]
fn nobody_knows_the_order_of_a_shuffle_but_pairs_stay_together() {
    let seen = agreed(Sim::new(2).run(async |s: Session| {
        let x = alice(&s, [16, 1, 2], &(0..32).map(f64::from).collect::<Vec<_>>());
        let y = bob(&s, [16], &(0..16).map(f64::from).collect::<Vec<_>>());
        let (x, y) = data::shuffled(&x, &y);
        assert_eq!((x.shape().dims(), y.shape().dims()), (&[16, 1, 2][..], &[16][..]));
        Ok((x.reveal().await?, y.reveal().await?))
    }));
    let mut places: Vec<f64> = seen.1.iter().copied().collect();
    for (row, &place) in places.iter().enumerate() {
        assert_eq!((seen.0[[row, 0, 0]], seen.0[[row, 0, 1]]), (2.0 * place, 2.0 * place + 1.0));
    }
    assert!(!places.is_sorted(), "one chance in 16!");
    places.sort_by(f64::total_cmp);
    close(places, (0..16).map(f64::from), ULP);
}

#[test]
fn a_public_order_is_a_permutation_that_follows_from_its_seed() {
    let mut order = data::order(100, 7);
    assert_eq!(order, data::order(100, 7));
    assert_ne!(order, data::order(100, 8));
    order.sort_unstable();
    assert_eq!(order, (0..100).collect::<Vec<_>>());
}
