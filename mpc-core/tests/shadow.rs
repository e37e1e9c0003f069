//! `Sim::shadow`: the largest error of every step.

mod common;

use common::{alice, bob};
use mpc_core::{Result, Session, Settings, sim::Sim};

async fn program(s: Session) -> Result<()> {
    let (x, y) = (alice(&s, 100, |i| i as f64 / 3.0), bob(&s, 100, |i| 5.0 - i as f64 / 7.0));
    let z = {
        let _layer = s.scope("head");
        (&x * &y) * 0.001
    };
    z.sigmoid().sum().reveal().item().await.map(drop)
}

#[test]
fn every_step_has_its_error() {
    for parties in [2, 3] {
        let shadow = Sim::new(parties).shadow(program).unwrap();
        let row = |scope: &str| shadow.rows.iter().find(|row| row.scope == scope).unwrap_or_else(|| panic!("{shadow}"));
        let product = row("head/mul");
        // The inputs are off by half a unit each, and the factors are up to 33 and 9.
        assert!((1e-5..1e-3).contains(&product.error), "{shadow}");
        assert!((product.largest - 301.7).abs() < 0.1 && product.values == 100, "{shadow}");
        assert!((1e-7..1e-3).contains(&row("sigmoid").error), "{shadow}");
        assert!(shadow.to_string().lines().count() == shadow.rows.len() + 1);
    }
}

#[test]
fn fewer_fractional_bits_show() {
    let error = |fraction_bits: u32| {
        let settings = Settings { fraction_bits, ..Settings::default() };
        let shadow = Sim::new(2).settings(settings).shadow(program).unwrap();
        shadow.rows.iter().find(|row| row.scope == "head/mul").unwrap().error
    };
    assert!(error(10) > 20.0 * error(18));
}
