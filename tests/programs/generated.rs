//! Written by `cargo test --test programs -- --ignored`: see `main.rs`. Do not edit.

use super::{Clear, Shared};

programs! {
    pub(crate) fn p00(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        b *= -(if (&b * &c) <= b {
            &c + &a
        } else {
            &a - &a
        });
        if ((a >= a) != (0.0 > a)) != ((-1.0) > (&a - &a)) {
            if (c != a) || (a < c) {
                a += a.clone();
                let mut x3 = -&a;
            } else {
                let mut x3;
                if b != b { x3 = b.clone(); } else { x3 = b.clone(); }
            }
            let mut x3 = (if level < 1.5 {
                b.clone()
            } else {
                a.clone()
            }) + (&a + &c);
        }
        let mut x3 = (((&a * 2.0) + &b) * 2.0) + &c;
        if ((-1.0) + &a) < (&c - &b) {
            x3.clone()
        } else {
            a = (if (x3 != 0.0) == (c < a) {
                0.5
            } else {
                &a - &a
            }) + 2.0;
            -((&c * &c) * &b)
        }
    }
    pub(crate) fn p01(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        for _ in 0..3 {
            for _ in 0..3 {
                c *= -&a;
            }
        }
        let mut x3;
        if (if a >= a {
            b.clone()
        } else {
            c.clone()
        }) < (-1.0) { x3 = (if 0.3 < c {
            b.clone()
        } else {
            b.clone()
        }) + &c; } else { x3 = -(if level >= 0.5 {
            a.clone()
        } else {
            b.clone()
        }); }
        if ((x3 == x3) || (b <= a)) || ((0.5 == c) || (level < 0.5)) {
            for _ in 0..2 {
                if (-1.0) < x3 {
                    let mut x4 = b.clone();
                    x3 *= x3.clone();
                }
            }
        } else {
            let mut x4 = (-1.7) + (-&x3);
        }
        let mut x4 = (((((&a * 2.0) + &b) * 2.0) + &c) * 2.0) + &x3;
        &x4 + ((&x4 * &b) + (-&x4))
    }
    pub(crate) fn p02(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        let (mut x3, mut x4) = if level < 1.5 { (if (b >= 0.3) && (b >= (-1.7)) {
            -&b
        } else {
            &c + &b
        }, (&b - &c) * (&a - &c)) } else { (b.clone(), b.clone()) };
        let mut x5 = 0.3 * ((&b * &a) * (0.3 * &b));
        x4 = if (&b - &x5) >= (&x5 + (-1.0)) {
            let mut bits0 = (-&c) == (&b - &a);
            let mut x6;
            if (x4 < 2.0) && (bits0.clone()) { x6 = &b - &c; } else { x6 = &c + &c; }
            &x5 + (&b + &x6)
        } else {
            let mut x6;
            if (-&a) == (0.0 + &x4) { x6 = 0.5 - &x5; } else { x6 = &x5 * &b; }
            &b + (if 2.0 > x6 {
                c.clone()
            } else {
                c.clone()
            })
        };
        let mut x6 = (((((((((&a * 2.0) + &b) * 2.0) + &c) * 2.0) + &x3) * 2.0) + &x4) * 2.0) + &x5;
        x6
    }
    pub(crate) fn p03(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        let (mut x3, mut x4) = if level >= 1.5 { (1.0 + &a, 0.3 + (&c - &b)) } else { (-&c, -(-&a)) };
        if 0.5 <= (&b - &a) {
            let mut bits0 = !((c <= c) || (x4 != 2.0));
        } else {
            let mut x5;
            if (-&c) == (-&c) { x5 = -&x4; } else { x5 = &a * &c; }
        }
        let (mut x5, mut x6) = if (if level < 0.5 {
            b.clone()
        } else {
            c.clone()
        }) > (&x3 * &b) { (if (level < 1.5) && (c < 0.5) {
            if x4 < x4 {
                a.clone()
            } else {
                a.clone()
            }
        } else {
            c.clone()
        }, -(&c + &a)) } else { (x4.clone(), if (if x3 <= a {
            c.clone()
        } else {
            c.clone()
        }) != 0.3 {
            -&a
        } else {
            b.clone()
        }) };
        let mut x7 = (((((((((((&a * 2.0) + &b) * 2.0) + &c) * 2.0) + &x3) * 2.0) + &x4) * 2.0) + &x5) * 2.0) + &x6;
        &x7 + &x4
    }
    pub(crate) fn p04(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        if c <= 0.0 {
            if 2.0 == (-&b) {
                let mut bits0 = 2.0 == (0.3 - &a);
                if (-1.0) < a {
                    let mut x3 = c.clone();
                } else {
                    bits0 = 0.5 >= a;
                    let mut x3 = a.clone();
                }
            }
            b = (&b + &b) * 0.0;
        }
        let mut x3 = (((&a * 2.0) + &b) * 2.0) + &c;
        x3
    }
    pub(crate) fn p05(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        let (mut x3, mut x4) = if (if b == (-1.0) {
            b.clone()
        } else {
            c.clone()
        }) == (0.0 * &b) { (&c + (-&a), -&b) } else { (c.clone(), (&c - &b) + (&b * &a)) };
        let (mut x5, mut x6) = if (&b + &c) <= (&a + &x3) { ((-&c) + 0.5, &x4 - (&x4 * &a)) } else { ((if b == x3 {
            x4.clone()
        } else {
            x3.clone()
        }) - &b, x3.clone()) };
        if (level < 1.5) && ((x4 <= (-1.7)) && (x6 <= x3)) {
            let mut x7 = (if x4 < c {
                x3.clone()
            } else {
                c.clone()
            }) + (&x5 * &b);
            let mut x8;
            if x5 < (if (-1.0) < x3 {
                x3.clone()
            } else {
                x7.clone()
            }) { x8 = &x6 - &x5; } else { x8 = if b >= c {
                c.clone()
            } else {
                a.clone()
            }; }
        }
        let mut x7 = (((((((((((&a * 2.0) + &b) * 2.0) + &c) * 2.0) + &x3) * 2.0) + &x4) * 2.0) + &x5) * 2.0) + &x6;
        &x7 + &b
    }
    pub(crate) fn p06(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        let mut x3;
        if (&a + &b) >= (-&c) { x3 = (&b * &c) * (&a - &b); } else { x3 = (&b + &b) * (-&a); }
        let mut bits0 = c == (&c + 0.3);
        let mut x4 = (((((((&a * 2.0) + &b) * 2.0) + &c) * 2.0) + &x3) * 2.0) + (if bits0.clone() {
            1.0
        } else {
            0.25
        });
        &x4 + (if (a == 0.0) && (a >= x4) {
            2.0
        } else {
            -1.0
        })
    }
    pub(crate) fn p07(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        let mut bits0 = (&c * &c) <= (-1.7);
        let mut bits1 = 0.3 <= (&c - &b);
        let mut x3;
        if level < 0.5 { x3 = (2.0 * &a) * (&b - (-1.7)); } else { x3 = (if level >= 0.5 {
            a.clone()
        } else {
            c.clone()
        }) - &a; }
        x3 *= (if bits0.clone() {
            x3.clone()
        } else {
            &a + &c
        }) - &b;
        let mut x4 = (((((((((&a * 2.0) + &b) * 2.0) + &c) * 2.0) + &x3) * 2.0) + (if bits0.clone() {
            1.0
        } else {
            0.25
        })) * 2.0) + (if bits1.clone() {
            1.0
        } else {
            0.25
        });
        &x4 + ((-&a) + (&b - 2.0))
    }
    pub(crate) fn p08(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        for _ in 0..3 {
            if (&b + &a) != 2.0 {
                let mut bits0 = (b > b) || (b < c);
            } else {
                let mut bits0 = (&b - &a) < (0.3 - &b);
            }
        }
        b *= (&c + &b) + ((&a * &a) - &c);
        let mut x3 = (((&a * 2.0) + &b) * 2.0) + &c;
        x3
    }
    pub(crate) fn p09(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        b *= c.clone();
        b *= 0.0 * &a;
        let (mut x3, mut x4) = if (0.0 * &b) == (-1.7) { ((-&b) - (if b > a {
            b.clone()
        } else {
            c.clone()
        }), -1.7) } else { ((0.3 + &b) + (&b + 1.0), b.clone()) };
        let mut x5 = (((((((&a * 2.0) + &b) * 2.0) + &c) * 2.0) + &x3) * 2.0) + &x4;
        x5
    }
    pub(crate) fn p10(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        let mut x3 = ((if a == b {
            a.clone()
        } else {
            b.clone()
        }) * (-&b)) - (if level >= 1.5 {
            &a - 2.0
        } else {
            &a + 0.5
        });
        let mut x4 = (((((&a * 2.0) + &b) * 2.0) + &c) * 2.0) + &x3;
        &x4 + (-(if level >= 0.5 {
            x3.clone()
        } else {
            b.clone()
        }))
    }
    pub(crate) fn p11(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        for _ in 0..3 {
            if (a < a) == (b >= 2.0) {
                let (mut x3, mut x4) = if 1.0 < b { (a.clone(), c.clone()) } else { (b.clone(), c.clone()) };
            } else {
                if a > 1.0 {
                    b = a.clone();
                } else {
                    a *= a.clone();
                }
            }
        }
        for _ in 0..2 {
            a += if (if b >= c {
                c.clone()
            } else {
                a.clone()
            }) > (-&c) {
                &c - &b
            } else if level < 0.5 {
                b.clone()
            } else {
                c.clone()
            };
        }
        c = (1.0 * (&c + &a)) + (if (&b * &c) >= (-1.0) {
            &a + &b
        } else {
            a.clone()
        });
        let mut x3 = (((&a * 2.0) + &b) * 2.0) + &c;
        &x3 + (0.3 + (-&a))
    }
    pub(crate) fn p12(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        let mut x3;
        if (-1.0) >= (if b < (-1.0) {
            c.clone()
        } else {
            c.clone()
        }) { x3 = -&b; } else { x3 = b.clone(); }
        let mut x4 = (((((&a * 2.0) + &b) * 2.0) + &c) * 2.0) + &x3;
        x4
    }
    pub(crate) fn p13(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        let mut x3 = -(if (a >= c) || (c > c) {
            2.0
        } else {
            &a + &b
        });
        if (-1.0) != (&a + &x3) {
            x3 *= 1.0;
            for _ in 0..3 {
                if x3 == c {
                    x3 -= x3.clone();
                }
            }
        } else {
            if (&a - &x3) <= (-&a) {
                let (mut x4, mut x5) = if b != b { (x3.clone(), c.clone()) } else { (a.clone(), b.clone()) };
            }
        }
        let mut x4 = (((((&a * 2.0) + &b) * 2.0) + &c) * 2.0) + &x3;
        &x4 + (if c == (&x3 * &a) {
            &x3 + &c
        } else {
            -&b
        })
    }
    pub(crate) fn p14(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        let mut bits0 = 0.3 > (&c - &b);
        a += c.clone();
        let mut x3 = -(&c + (&b * &a));
        let mut x4 = (((((((&a * 2.0) + &b) * 2.0) + &c) * 2.0) + &x3) * 2.0) + (if bits0.clone() {
            1.0
        } else {
            0.25
        });
        if (level < 1.5) && (c != b) {
            x4
        } else {
            -((&b - 0.5) + 0.3)
        }
    }
    pub(crate) fn p15(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        for _ in 0..3 {
            c = if 0.0 == (-&a) {
                a.clone()
            } else {
                if b == c {
                    b += c.clone();
                    let mut bits0 = c > b;
                } else {
                    let mut x3 = a.clone();
                }
                if level >= 1.5 {
                    let mut bits0 = a == a;
                    a += c.clone();
                    a.clone()
                } else {
                    let mut bits0 = c > c;
                    let mut x3 = c.clone();
                    b.clone()
                }
            };
        }
        let mut x3 = (((&a * 2.0) + &b) * 2.0) + &c;
        x3
    }
    pub(crate) fn p16(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        for _ in 0..3 {
            if (&c + (-1.7)) == 0.5 {
                c *= 0.5;
            }
        }
        let mut x3 = (((&a * 2.0) + &b) * 2.0) + &c;
        if 0.0 > (&a * 2.0) {
            x3.clone()
        } else {
            b += -(&a - (-&x3));
            let mut bits0 = (level < 0.5) && (((b >= 2.0) == (x3 > a)) != (((-1.7) >= c) || (b >= b)));
            if ((b != 0.3) || (1.0 >= c)) || ((c != c) != (x3 < 2.0)) {
                0.0
            } else {
                for _ in 0..2 {
                    let mut x4 = &b - &b;
                }
                let mut x4 = if (&x3 * &c) > (-1.0) {
                    &c + &x3
                } else {
                    if a >= 0.0 {
                        let mut x4 = c.clone();
                    } else {
                        x3 += b.clone();
                        x3 -= a.clone();
                    }
                    a.clone()
                };
                (&x4 - &a) - 2.0
            }
        }
    }
    pub(crate) fn p17(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        a += -(if (b >= (-1.7)) != (c == a) {
            &b * 1.0
        } else {
            &a + &b
        });
        let mut bits0 = (&c + &a) != (&a + &c);
        for _ in 0..2 {
            if (-&a) >= 0.3 {
                if bits0.clone() {
                    let mut x3 = a.clone();
                    let mut x4 = c.clone();
                } else {
                    c *= c.clone();
                    let mut x3 = b.clone();
                }
                let mut x3 = b.clone();
            } else {
                if a < 2.0 {
                    let mut x3 = b.clone();
                }
            }
        }
        let mut x3 = (((((&a * 2.0) + &b) * 2.0) + &c) * 2.0) + (if bits0.clone() {
            1.0
        } else {
            0.25
        });
        &x3 + ((if c > x3 {
            c.clone()
        } else {
            b.clone()
        }) - (&c + &a))
    }
    pub(crate) fn p18(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        let mut x3 = (if (b <= c) != (a < (-1.7)) {
            if b == 0.5 {
                b.clone()
            } else {
                c.clone()
            }
        } else if c > a {
            b.clone()
        } else {
            c.clone()
        }) * &b;
        let mut bits0 = (&x3 + &a) < (if a <= c {
            a.clone()
        } else {
            a.clone()
        });
        bits0 = 2.0 >= (&x3 + &b);
        let mut x4 = (((((((&a * 2.0) + &b) * 2.0) + &c) * 2.0) + &x3) * 2.0) + (if bits0.clone() {
            1.0
        } else {
            0.25
        });
        x4
    }
    pub(crate) fn p19(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        a -= &a - (&a - (1.0 + &b));
        let mut x3 = (((&a * 2.0) + &b) * 2.0) + &c;
        if (&c - &b) != (-1.0) {
            x3.clone()
        } else {
            if ((level < 0.5) && (b > b)) == ((x3 > 0.5) != (a < (-1.7))) {
                if (&a - &c) < (-&b) {
                    c = a.clone();
                    if c == a {
                        let mut x4 = b.clone();
                        let mut x5 = x3.clone();
                    }
                } else {
                    let (mut x4, mut x5) = if a >= c { (c.clone(), b.clone()) } else { (b.clone(), b.clone()) };
                }
                let (mut x4, mut x5) = if (-&a) != (&c * &x3) { (b.clone(), &c * &c) } else { (&b - &a, if x3 == 1.0 {
                    x3.clone()
                } else {
                    a.clone()
                }) };
            } else {
                let mut x4 = (-&a) - &c;
            }
            a -= &x3 + (-1.0);
            x3.clone()
        }
    }
    pub(crate) fn p20(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        if (&b + &c) >= (&c + &c) {
            c = (if a >= a {
                a.clone()
            } else {
                a.clone()
            }) + (if c <= c {
                a.clone()
            } else {
                a.clone()
            });
        }
        let mut x3 = &c + (-&a);
        let mut x4 = (((((&a * 2.0) + &b) * 2.0) + &c) * 2.0) + &x3;
        x4
    }
    pub(crate) fn p21(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        let (mut x3, mut x4) = if level >= 0.5 { ((&c + &a) - (&b - 2.0), c.clone()) } else { ((&b + &a) + (if b >= a {
            a.clone()
        } else {
            a.clone()
        }), (&a * &b) + 2.0) };
        if (&x4 * &b) != (&a - &x3) {
            x4 *= (if x3 == b {
                c.clone()
            } else {
                b.clone()
            }) + (&x4 * &c);
        } else {
            if x3 > (&b * &x3) {
                let mut x5;
                if 0.3 > a { x5 = a.clone(); } else { x5 = x3.clone(); }
                let mut bits0 = (-&a) >= (if level < 0.5 {
                    a.clone()
                } else {
                    x3.clone()
                });
            } else {
                let mut x5 = 0.0 + &x3;
            }
            let mut x5 = x3.clone();
        }
        a *= if (0.5 - &x4) < (-&a) {
            (&c - &a) + (if b <= a {
                x4.clone()
            } else {
                a.clone()
            })
        } else {
            (&x3 + &a) + (&c + (-1.7))
        };
        b += -(-(&x4 * &b));
        let mut x5 = (((((((&a * 2.0) + &b) * 2.0) + &c) * 2.0) + &x3) * 2.0) + &x4;
        &x5 + &b
    }
    pub(crate) fn p22(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        for _ in 0..3 {
            if (a != c) || (a > b) {
                if b >= c {
                    let mut x3 = c.clone();
                    let mut x4 = b.clone();
                }
            } else {
                if c == c {
                    c += a.clone();
                } else {
                    let mut x3 = c.clone();
                    let mut x4 = c.clone();
                }
            }
        }
        let mut x3 = (((&a * 2.0) + &b) * 2.0) + &c;
        x3
    }
    pub(crate) fn p23(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        let mut x3 = ((if b == (-1.0) {
            b.clone()
        } else {
            b.clone()
        }) + &c) * ((-&a) + (if b > (-1.7) {
            c.clone()
        } else {
            a.clone()
        }));
        let mut x4 = (((((&a * 2.0) + &b) * 2.0) + &c) * 2.0) + &x3;
        &x4 + (if (if level >= 0.5 {
            a.clone()
        } else {
            c.clone()
        }) >= (if 1.0 < x3 {
            a.clone()
        } else {
            x3.clone()
        }) {
            &a * &a
        } else {
            0.3
        })
    }
    pub(crate) fn p24(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        let mut x3 = if 0.0 >= (if c <= b {
            a.clone()
        } else {
            c.clone()
        }) {
            -(&b + 1.0)
        } else {
            (-&c) * &b
        };
        let mut x4 = x3.clone();
        let mut x5 = (((((((&a * 2.0) + &b) * 2.0) + &c) * 2.0) + &x3) * 2.0) + &x4;
        &x5 + ((&x3 * &x4) * (&x4 * &c))
    }
    pub(crate) fn p25(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        if level >= 1.5 {
            let (mut x3, mut x4) = if (c > (-1.0)) && (b >= 0.3) { (-&c, (-1.0) + &a) } else { (0.3 * &a, if a != b {
                a.clone()
            } else {
                c.clone()
            }) };
        }
        let mut x3 = (((&a * 2.0) + &b) * 2.0) + &c;
        if (b > a) && ((-1.7) >= c) {
            x3
        } else {
            -(if (if a == (-1.7) {
                a.clone()
            } else {
                b.clone()
            }) == (-&b) {
                &a * 1.0
            } else if c <= b {
                b.clone()
            } else {
                c.clone()
            })
        }
    }
    pub(crate) fn p26(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        a -= b.clone();
        if (&b - &c) != (&b - &b) {
            a *= -(&c - &c);
        } else {
            if !(b >= (-1.7)) {
                if b > 0.3 {
                    let mut bits0 = b <= c;
                } else {
                    let mut x3 = a.clone();
                    let mut x4 = a.clone();
                }
            }
        }
        a -= &b * (-(if b > 1.0 {
            b.clone()
        } else {
            b.clone()
        }));
        let mut x3 = (((&a * 2.0) + &b) * 2.0) + &c;
        &x3 + (if !(b >= c) {
            &b * &c
        } else {
            &c + &b
        })
    }
    pub(crate) fn p27(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        if (-1.7) > (&b + &c) {
            a -= &b * 2.0;
        } else {
            let mut bits0 = (&c - &c) == 0.5;
        }
        c = if (!(b != 0.3)) || ((&b - &a) != (&b * &b)) {
            (0.0 * &a) * (&a + 0.5)
        } else {
            let mut bits0 = ((c >= b) == (a <= a)) && ((&b + &b) < (-1.7));
            let mut x3;
            if level >= 0.5 { x3 = &b * &a; } else { x3 = &b * &c; }
            (if x3 >= x3 {
                x3.clone()
            } else {
                x3.clone()
            }) * 0.0
        };
        let mut x3 = (((&a * 2.0) + &b) * 2.0) + &c;
        &x3 + (&a - &c)
    }
    pub(crate) fn p28(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        let mut bits0 = 0.5 == c;
        let (mut x3, mut x4) = if 0.5 > (&b - &b) { (a.clone(), if level >= 0.5 {
            if b != c {
                b.clone()
            } else {
                a.clone()
            }
        } else {
            &a + &c
        }) } else { ((-&b) + (&a * &c), b.clone()) };
        c *= (if (if bits0.clone() {
            b.clone()
        } else {
            x3.clone()
        }) >= (&c - &x3) {
            if c == 0.5 {
                b.clone()
            } else {
                b.clone()
            }
        } else {
            0.5
        }) * ((-&c) - (&a + &x4));
        let mut x5 = c.clone();
        let mut x6 = (((((((((((&a * 2.0) + &b) * 2.0) + &c) * 2.0) + &x3) * 2.0) + &x4) * 2.0) + &x5) * 2.0) + (if bits0.clone() {
            1.0
        } else {
            0.25
        });
        x6
    }
    pub(crate) fn p29(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        for _ in 0..3 {
            let mut x3 = b.clone();
        }
        a -= (-1.7) - (if (if c <= 0.0 {
            a.clone()
        } else {
            a.clone()
        }) > (-&c) {
            &c - &c
        } else {
            &c - 2.0
        });
        let mut x3 = (((&a * 2.0) + &b) * 2.0) + &c;
        x3
    }
    pub(crate) fn p30(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        if (&a - &a) <= (-1.0) {
            if (c != (-1.7)) || (c < (-1.0)) {
                c = &c + &c;
            }
            let mut x3;
            if (a < 0.5) != (a > c) { x3 = if a >= a {
                a.clone()
            } else {
                c.clone()
            }; } else { x3 = a.clone(); }
        }
        let mut x3 = (((&a * 2.0) + &b) * 2.0) + &c;
        if level < 0.5 {
            x3
        } else {
            c
        }
    }
    pub(crate) fn p31(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        let (mut x3, mut x4) = if ((-1.0) != (if 2.0 < b {
            a.clone()
        } else {
            b.clone()
        })) == ((a > c) || (a >= 0.0)) { ((&b + &c) + (&a * &c), -(&b - &a)) } else { (if (&c - &c) != b {
            -&b
        } else if c != 0.5 {
            b.clone()
        } else {
            c.clone()
        }, (-&c) - (0.0 + &b)) };
        c *= (-(&c * &x3)) * ((-&a) + (&a + 1.0));
        let mut x5 = (((((((&a * 2.0) + &b) * 2.0) + &c) * 2.0) + &x3) * 2.0) + &x4;
        &x5 + ((if x5 < c {
            x4.clone()
        } else {
            a.clone()
        }) + (&a * &a))
    }
    pub(crate) fn p32(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        let mut x3;
        if (&b + &b) > (if b > c {
            b.clone()
        } else {
            c.clone()
        }) { x3 = (&c + &b) * (&b * &b); } else { x3 = if !(a < 0.3) {
            &b + &b
        } else {
            -1.0
        }; }
        let mut x4 = (-&x3) + &x3;
        b = ((1.0 + &a) - (&x3 - &a)) - ((if b <= x4 {
            a.clone()
        } else {
            a.clone()
        }) + (&c - &c));
        let mut x5 = (((((((&a * 2.0) + &b) * 2.0) + &c) * 2.0) + &x3) * 2.0) + &x4;
        x5
    }
    pub(crate) fn p33(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        if level < 0.5 {
            let mut x3;
            if (c < (-1.7)) == (c <= a) { x3 = if b > (-1.0) {
                b.clone()
            } else {
                b.clone()
            }; } else { x3 = -&c; }
        }
        if level >= 1.5 {
            a += -1.0;
            let mut x3;
            if (if a < a {
                b.clone()
            } else {
                b.clone()
            }) == b { x3 = 0.0 + &b; } else { x3 = &c - &a; }
        }
        let mut x3 = (((&a * 2.0) + &b) * 2.0) + &c;
        &x3 + ((&c + &c) * (-1.0))
    }
    pub(crate) fn p34(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        let (mut x3, mut x4) = if 1.0 > (if a != (-1.7) {
            a.clone()
        } else {
            b.clone()
        }) { (0.3 - (&c * &a), if (0.3 + &b) < 0.0 {
            &c * &c
        } else {
            &a * &a
        }) } else { (1.0 - (&a * &b), (-&b) * (&b - &b)) };
        if ((&b + &c) < 1.0) || ((&a + &b) >= (&c + &a)) {
            if !(x4 > a) {
                b *= c.clone();
            }
        }
        x3 += -1.0;
        let mut x5 = (((((((&a * 2.0) + &b) * 2.0) + &c) * 2.0) + &x3) * 2.0) + &x4;
        x5
    }
    pub(crate) fn p35(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        b = c.clone();
        let mut bits0 = (if level >= 0.5 {
            a.clone()
        } else {
            a.clone()
        }) <= (if 0.5 >= c {
            a.clone()
        } else {
            a.clone()
        });
        let mut x3 = (((((&a * 2.0) + &b) * 2.0) + &c) * 2.0) + (if bits0.clone() {
            1.0
        } else {
            0.25
        });
        &x3 + &a
    }
    pub(crate) fn p36(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        if level < 0.5 {
            if (a <= a) || (0.3 != a) {
                let mut x3 = if level < 0.5 {
                    let mut x3 = b.clone();
                    x3.clone()
                } else {
                    b += b.clone();
                    let mut x3 = b.clone();
                    a.clone()
                };
                a *= a.clone();
            }
        } else {
            let mut bits0 = (-1.0) == (&a * &c);
            let mut x3;
            if bits0.clone() { x3 = &b + &a; } else { x3 = &b + 2.0; }
        }
        let mut x3 = (((&a * 2.0) + &b) * 2.0) + &c;
        &x3 + &c
    }
    pub(crate) fn p37(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        let (mut x3, mut x4) = if (&a - &a) >= 0.5 { (-1.0, (0.3 - &a) + (-&b)) } else { (-1.0, (0.3 - &a) - (&c * &a)) };
        a += -(if (c > x3) && (1.0 <= x4) {
            &x3 * &x4
        } else {
            &a - 1.0
        });
        c = &a * ((&c + 1.0) - (&c * &c));
        let mut x5 = (((((((&a * 2.0) + &b) * 2.0) + &c) * 2.0) + &x3) * 2.0) + &x4;
        x5
    }
    pub(crate) fn p38(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        let mut bits0 = c < (-1.7);
        let mut x3 = (-(&a + &a)) + &c;
        let mut x4;
        if (if level >= 0.5 {
            a.clone()
        } else {
            c.clone()
        }) <= 2.0 { x4 = if 1.0 < (&c * &a) {
            &b - (-1.7)
        } else if c < c {
            b.clone()
        } else {
            c.clone()
        }; } else { x4 = -(if a > c {
            a.clone()
        } else {
            b.clone()
        }); }
        x3 += ((-&x4) + (if bits0.clone() {
            x3.clone()
        } else {
            a.clone()
        })) + (1.0 + &x4);
        let mut x5 = (((((((((&a * 2.0) + &b) * 2.0) + &c) * 2.0) + &x3) * 2.0) + &x4) * 2.0) + (if bits0.clone() {
            1.0
        } else {
            0.25
        });
        x5
    }
    pub(crate) fn p39(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        a = b.clone();
        for _ in 0..3 {
            let mut bits0 = c == 2.0;
        }
        let mut x3;
        if ((&c - &c) <= 0.0) == ((b > b) != (c == c)) { x3 = a.clone(); } else { x3 = (-1.0) * (if (-1.0) != a {
            c.clone()
        } else {
            c.clone()
        }); }
        c -= if ((&c + 1.0) <= 0.3) != ((0.5 <= a) != (a >= 1.0)) {
            -(&a - &b)
        } else {
            (-1.7) - (if 2.0 == c {
                c.clone()
            } else {
                a.clone()
            })
        };
        let mut x4 = (((((&a * 2.0) + &b) * 2.0) + &c) * 2.0) + &x3;
        x4
    }
    pub(crate) fn p40(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        if 0.0 == (-&a) {
            c *= -(0.0 * &a);
            for _ in 0..3 {
                let mut bits0 = (-&a) >= (-&c);
            }
        } else {
            if (if b > a {
                a.clone()
            } else {
                b.clone()
            }) < (-&c) {
                let mut x3 = a.clone();
            }
        }
        let (mut x3, mut x4) = if (&c * &b) <= 0.3 { ((-1.7) * ((-1.0) * &a), (if a <= c {
            c.clone()
        } else {
            c.clone()
        }) + (&a * &a)) } else { ((&c - &b) + (&c * 0.0), 0.5 - (-&c)) };
        for _ in 0..3 {
            let mut x5;
            if !((-1.7) >= x3) { x5 = &x3 + &a; } else { x5 = if x4 < 0.0 {
                x4.clone()
            } else {
                x4.clone()
            }; }
        }
        let mut x5 = (((((((&a * 2.0) + &b) * 2.0) + &c) * 2.0) + &x3) * 2.0) + &x4;
        &x5 + ((if level < 0.5 {
            x3.clone()
        } else {
            b.clone()
        }) + (-&a))
    }
    pub(crate) fn p41(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        let mut x3 = ((-&a) + (if c != b {
            c.clone()
        } else {
            b.clone()
        })) * 0.3;
        for _ in 0..3 {
            if (a < 0.5) == (b <= 0.3) {
                c += a.clone();
                x3 *= &a + &x3;
            } else {
                if 2.0 != a {
                    let mut x4 = b.clone();
                } else {
                    c -= x3.clone();
                    let mut x4 = c.clone();
                }
                if level < 0.5 {
                    let mut x4 = a.clone();
                    b += b.clone();
                } else {
                    let mut x4 = b.clone();
                }
            }
        }
        let mut x4 = (((((&a * 2.0) + &b) * 2.0) + &c) * 2.0) + &x3;
        x4
    }
    pub(crate) fn p42(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        if (&a * &b) != 2.0 {
            let mut x3;
            if (c < 2.0) || (0.0 < b) { x3 = if b <= b {
                a.clone()
            } else {
                b.clone()
            }; } else { x3 = &c - 0.3; }
        }
        let mut x3 = (((&a * 2.0) + &b) * 2.0) + &c;
        &x3 + ((-&x3) - (-&x3))
    }
    pub(crate) fn p43(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        let mut x3 = -&c;
        a += if 0.5 != a {
            0.0
        } else {
            (if x3 <= 0.0 {
                a.clone()
            } else {
                a.clone()
            }) - (&c + &a)
        };
        let mut x4 = (1.0 * (&b * &b)) + 1.0;
        b *= -(1.0 * (&x3 + &x4));
        let mut x5 = (((((((&a * 2.0) + &b) * 2.0) + &c) * 2.0) + &x3) * 2.0) + &x4;
        &x5 + (-(&a - &c))
    }
    pub(crate) fn p44(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        let (mut x3, mut x4) = if ((-1.0) - &b) < (-1.0) { (if !(a != 1.0) {
            &b * &b
        } else {
            1.0
        }, if (b >= a) && (c < a) {
            c.clone()
        } else {
            -&c
        }) } else { ((-1.7) + (&b + &a), -(-&b)) };
        b += (if (c <= x4) && (x3 < c) {
            &c * &a
        } else if c == x4 {
            x3.clone()
        } else {
            c.clone()
        }) * (-(-&a));
        let mut x5 = (((((((&a * 2.0) + &b) * 2.0) + &c) * 2.0) + &x3) * 2.0) + &x4;
        &x5 + (if (a == a) == (a < x4) {
            0.0 - &c
        } else {
            &b + &x3
        })
    }
    pub(crate) fn p45(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        for _ in 0..2 {
            let mut x3 = (if a == b {
                c.clone()
            } else {
                b.clone()
            }) * (-&c);
        }
        let mut x3 = (((&a * 2.0) + &b) * 2.0) + &c;
        &x3 + &b
    }
    pub(crate) fn p46(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        let mut x3;
        if (-1.7) <= (&c + &c) { x3 = if c != (-1.0) {
            1.0
        } else if level < 0.5 {
            c.clone()
        } else {
            c.clone()
        }; } else { x3 = if (a <= c) && (c == a) {
            -1.0
        } else {
            -1.0
        }; }
        let mut bits0 = 0.5 <= (&x3 + &b);
        let mut x4 = (((((((&a * 2.0) + &b) * 2.0) + &c) * 2.0) + &x3) * 2.0) + (if bits0.clone() {
            1.0
        } else {
            0.25
        });
        &x4 + ((if c >= (-1.7) {
            x4.clone()
        } else {
            a.clone()
        }) - (&x4 * &c))
    }
    pub(crate) fn p47(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        if (if c < a {
            c.clone()
        } else {
            b.clone()
        }) != (&a + &c) {
            c += (&b * 2.0) * (if a == (-1.7) {
                b.clone()
            } else {
                b.clone()
            });
            if (if a == c {
                b.clone()
            } else {
                b.clone()
            }) <= (if a >= b {
                c.clone()
            } else {
                a.clone()
            }) {
                let (mut x3, mut x4) = if c < b { (c.clone(), c.clone()) } else { (a.clone(), a.clone()) };
            } else {
                a *= &c - 0.5;
            }
        } else {
            let mut x3;
            if (&b + &b) <= (-1.0) { x3 = if a <= c {
                b.clone()
            } else {
                c.clone()
            }; } else { x3 = -&b; }
        }
        let mut x3 = (((&a * 2.0) + &b) * 2.0) + &c;
        &x3 + &a
    }
    pub(crate) fn p48(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        for _ in 0..3 {
            c = &b + (&b * &c);
        }
        let mut x3;
        if level >= 0.5 { x3 = -(&a * 0.0); } else { x3 = if (&b * &a) != 0.3 {
            &c + 1.0
        } else {
            &c - &c
        }; }
        let mut x4 = (((((&a * 2.0) + &b) * 2.0) + &c) * 2.0) + &x3;
        x4
    }
    pub(crate) fn p49(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        let mut bits0 = ((1.0 - &a) <= b) && ((-&b) == (if b < 0.0 {
            a.clone()
        } else {
            a.clone()
        }));
        let mut x3;
        if ((&b * &c) == (&b - &a)) || ((if c != a {
            a.clone()
        } else {
            a.clone()
        }) != (-1.0)) { x3 = (&a - (-1.0)) + (if level < 0.5 {
            a.clone()
        } else {
            b.clone()
        }); } else { x3 = &c * (&b + &a); }
        let mut x4 = ((&x3 - &c) * (&b + &c)) + (if (bits0.clone()) && (0.3 == b) {
            a.clone()
        } else if bits0.clone() {
            a.clone()
        } else {
            x3.clone()
        });
        let mut x5 = (((((((((&a * 2.0) + &b) * 2.0) + &c) * 2.0) + &x3) * 2.0) + &x4) * 2.0) + (if bits0.clone() {
            1.0
        } else {
            0.25
        });
        &x5 + (if (-&x4) <= 1.0 {
            &b - &x4
        } else {
            2.0 - &c
        })
    }
    pub(crate) fn p50(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        let mut bits0 = !(1.0 == b);
        let mut x3 = if (!(b < c)) && ((-1.0) > (&a - &c)) {
            (if 0.5 > c {
                a.clone()
            } else {
                b.clone()
            }) * (&c * 1.0)
        } else {
            for _ in 0..2 {
                a += 0.3;
            }
            (&c - &a) + ((-1.0) - &b)
        };
        x3 *= 1.0 - (if (if x3 != b {
            x3.clone()
        } else {
            a.clone()
        }) <= 0.5 {
            &a * &x3
        } else {
            &c * &b
        });
        let mut x4 = (((((((&a * 2.0) + &b) * 2.0) + &c) * 2.0) + &x3) * 2.0) + (if bits0.clone() {
            1.0
        } else {
            0.25
        });
        x4
    }
    pub(crate) fn p51(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        if (-&c) < (&c - &a) {
            b -= -(if level >= 0.5 {
                b.clone()
            } else {
                a.clone()
            });
        } else {
            if (&a + &b) != a {
                let mut x3;
                if a < c { x3 = a.clone(); } else { x3 = b.clone(); }
                let mut x4 = if b < c {
                    b -= x3.clone();
                    let mut x4 = b.clone();
                    a.clone()
                } else {
                    c.clone()
                };
            } else {
                if c >= 0.5 {
                    let mut x3 = a.clone();
                    let mut x4 = a.clone();
                }
                if level < 0.5 {
                    let mut bits0 = c >= c;
                } else {
                    let mut x3 = a.clone();
                }
            }
            a += -(&a * &a);
        }
        let mut x3 = (((&a * 2.0) + &b) * 2.0) + &c;
        &x3 + &a
    }
    pub(crate) fn p52(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        if (level >= 1.5) && ((c > 0.3) && (c == b)) {
            for _ in 0..2 {
                let mut x3 = &b + &b;
            }
            if (&b * &c) < (-1.0) {
                if a != 1.0 {
                    let mut x3 = a.clone();
                }
                if a != c {
                    let mut x3 = b.clone();
                    let mut x4 = x3.clone();
                } else {
                    let mut bits0 = a == 0.0;
                    let mut x3 = c.clone();
                }
            } else {
                if a <= 1.0 {
                    let mut x3 = b.clone();
                } else {
                    let mut x3 = a.clone();
                }
            }
        }
        let (mut x3, mut x4) = if (&b + 1.0) < 0.0 { ((if a != c {
            c.clone()
        } else {
            c.clone()
        }) - (-1.7), (if (-1.0) < c {
            b.clone()
        } else {
            c.clone()
        }) * 1.0) } else { (-(&c - &b), 1.0 - (&a - &a)) };
        let mut x5 = (((((((&a * 2.0) + &b) * 2.0) + &c) * 2.0) + &x3) * 2.0) + &x4;
        x5
    }
    pub(crate) fn p53(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        if (level < 0.5) && ((&a * &b) <= (-1.7)) {
            let mut bits0 = a != 2.0;
        } else {
            a -= (-&c) * (if a == b {
                a.clone()
            } else {
                c.clone()
            });
            if level < 0.5 {
                let (mut x3, mut x4) = if b <= a { (c.clone(), c.clone()) } else { (c.clone(), b.clone()) };
                if a > c {
                    let mut x5 = x4.clone();
                } else {
                    let mut x5 = x4.clone();
                }
            } else {
                let mut bits0 = (a != 1.0) && (a < b);
            }
        }
        let mut x3;
        if ((&c * &a) < 1.0) != ((a < 0.0) == (b >= c)) { x3 = -(&c * &a); } else { x3 = if (b < b) != (b < b) {
            &b - &c
        } else {
            &a * &b
        }; }
        let mut x4 = (((((&a * 2.0) + &b) * 2.0) + &c) * 2.0) + &x3;
        x4
    }
    pub(crate) fn p54(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        for _ in 0..3 {
            let mut x3 = (&a + 1.0) + 1.0;
        }
        let mut bits0 = (&a - &a) <= (&b * 0.3);
        let mut x3 = (((((&a * 2.0) + &b) * 2.0) + &c) * 2.0) + (if bits0.clone() {
            1.0
        } else {
            0.25
        });
        x3
    }
    pub(crate) fn p55(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        let mut x3 = ((if a <= c {
            a.clone()
        } else {
            b.clone()
        }) - (if a >= c {
            c.clone()
        } else {
            b.clone()
        })) - ((0.5 * &a) * (&a - &b));
        let mut x4 = (((((&a * 2.0) + &b) * 2.0) + &c) * 2.0) + &x3;
        &x4 + (if (&x3 * &b) >= (-&x3) {
            &c * &c
        } else {
            -&x3
        })
    }
    pub(crate) fn p56(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        let (mut x3, mut x4) = if (0.5 < (&c - &c)) || ((b != a) && (b >= a)) { (-(if c >= 1.0 {
            b.clone()
        } else {
            a.clone()
        }), c.clone()) } else { (-(if b >= (-1.0) {
            a.clone()
        } else {
            b.clone()
        }), -1.7) };
        let mut x5 = (((((((&a * 2.0) + &b) * 2.0) + &c) * 2.0) + &x3) * 2.0) + &x4;
        x5
    }
    pub(crate) fn p57(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        c *= -(if ((-1.7) - &c) >= 1.0 {
            &b * &c
        } else {
            &b * &a
        });
        let mut x3 = (((&a * 2.0) + &b) * 2.0) + &c;
        x3
    }
    pub(crate) fn p58(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        c *= &a - ((-&c) - (&c * &b));
        if ((a >= 2.0) || (a < a)) != ((level < 0.5) && (b == 1.0)) {
            let (mut x3, mut x4) = if (&c + &c) > (&b - &a) { (0.3, &a + &a) } else { (0.3, if 2.0 < b {
                b.clone()
            } else {
                a.clone()
            }) };
            let mut x5 = (&c * &x3) * (if (-1.0) == c {
                b.clone()
            } else {
                x4.clone()
            });
        } else {
            let mut x3;
            if level < 1.5 { x3 = &c + &a; } else { x3 = -&c; }
        }
        let mut bits0 = !((&c * &c) != (if b >= c {
            b.clone()
        } else {
            b.clone()
        }));
        let mut x3 = (((((&a * 2.0) + &b) * 2.0) + &c) * 2.0) + (if bits0.clone() {
            1.0
        } else {
            0.25
        });
        if (-&a) < 2.0 {
            x3
        } else {
            (-(if a == 2.0 {
                b.clone()
            } else {
                a.clone()
            })) * (-&b)
        }
    }
    pub(crate) fn p59(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {
        for _ in 0..2 {
            a *= -(&a + &c);
        }
        b += ((&b - &b) * (&b + &a)) - (if level >= 1.5 {
            a.clone()
        } else {
            -&c
        });
        a = ((0.5 + &a) * (0.5 * &b)) * (if level < 0.5 {
            -&b
        } else if a != 0.3 {
            a.clone()
        } else {
            a.clone()
        });
        let mut x3 = (((&a * 2.0) + &b) * 2.0) + &c;
        &x3 + (-(&c - &a))
    }
}

/// By name: on shares, under the macro, and as plain Rust.
pub(crate) const ALL: &[(&str, Shared, Clear, Clear)] = &[
    ("p00", secret::Programs::p00, under_the_macro::Programs::p00, plain::Programs::p00),
    ("p01", secret::Programs::p01, under_the_macro::Programs::p01, plain::Programs::p01),
    ("p02", secret::Programs::p02, under_the_macro::Programs::p02, plain::Programs::p02),
    ("p03", secret::Programs::p03, under_the_macro::Programs::p03, plain::Programs::p03),
    ("p04", secret::Programs::p04, under_the_macro::Programs::p04, plain::Programs::p04),
    ("p05", secret::Programs::p05, under_the_macro::Programs::p05, plain::Programs::p05),
    ("p06", secret::Programs::p06, under_the_macro::Programs::p06, plain::Programs::p06),
    ("p07", secret::Programs::p07, under_the_macro::Programs::p07, plain::Programs::p07),
    ("p08", secret::Programs::p08, under_the_macro::Programs::p08, plain::Programs::p08),
    ("p09", secret::Programs::p09, under_the_macro::Programs::p09, plain::Programs::p09),
    ("p10", secret::Programs::p10, under_the_macro::Programs::p10, plain::Programs::p10),
    ("p11", secret::Programs::p11, under_the_macro::Programs::p11, plain::Programs::p11),
    ("p12", secret::Programs::p12, under_the_macro::Programs::p12, plain::Programs::p12),
    ("p13", secret::Programs::p13, under_the_macro::Programs::p13, plain::Programs::p13),
    ("p14", secret::Programs::p14, under_the_macro::Programs::p14, plain::Programs::p14),
    ("p15", secret::Programs::p15, under_the_macro::Programs::p15, plain::Programs::p15),
    ("p16", secret::Programs::p16, under_the_macro::Programs::p16, plain::Programs::p16),
    ("p17", secret::Programs::p17, under_the_macro::Programs::p17, plain::Programs::p17),
    ("p18", secret::Programs::p18, under_the_macro::Programs::p18, plain::Programs::p18),
    ("p19", secret::Programs::p19, under_the_macro::Programs::p19, plain::Programs::p19),
    ("p20", secret::Programs::p20, under_the_macro::Programs::p20, plain::Programs::p20),
    ("p21", secret::Programs::p21, under_the_macro::Programs::p21, plain::Programs::p21),
    ("p22", secret::Programs::p22, under_the_macro::Programs::p22, plain::Programs::p22),
    ("p23", secret::Programs::p23, under_the_macro::Programs::p23, plain::Programs::p23),
    ("p24", secret::Programs::p24, under_the_macro::Programs::p24, plain::Programs::p24),
    ("p25", secret::Programs::p25, under_the_macro::Programs::p25, plain::Programs::p25),
    ("p26", secret::Programs::p26, under_the_macro::Programs::p26, plain::Programs::p26),
    ("p27", secret::Programs::p27, under_the_macro::Programs::p27, plain::Programs::p27),
    ("p28", secret::Programs::p28, under_the_macro::Programs::p28, plain::Programs::p28),
    ("p29", secret::Programs::p29, under_the_macro::Programs::p29, plain::Programs::p29),
    ("p30", secret::Programs::p30, under_the_macro::Programs::p30, plain::Programs::p30),
    ("p31", secret::Programs::p31, under_the_macro::Programs::p31, plain::Programs::p31),
    ("p32", secret::Programs::p32, under_the_macro::Programs::p32, plain::Programs::p32),
    ("p33", secret::Programs::p33, under_the_macro::Programs::p33, plain::Programs::p33),
    ("p34", secret::Programs::p34, under_the_macro::Programs::p34, plain::Programs::p34),
    ("p35", secret::Programs::p35, under_the_macro::Programs::p35, plain::Programs::p35),
    ("p36", secret::Programs::p36, under_the_macro::Programs::p36, plain::Programs::p36),
    ("p37", secret::Programs::p37, under_the_macro::Programs::p37, plain::Programs::p37),
    ("p38", secret::Programs::p38, under_the_macro::Programs::p38, plain::Programs::p38),
    ("p39", secret::Programs::p39, under_the_macro::Programs::p39, plain::Programs::p39),
    ("p40", secret::Programs::p40, under_the_macro::Programs::p40, plain::Programs::p40),
    ("p41", secret::Programs::p41, under_the_macro::Programs::p41, plain::Programs::p41),
    ("p42", secret::Programs::p42, under_the_macro::Programs::p42, plain::Programs::p42),
    ("p43", secret::Programs::p43, under_the_macro::Programs::p43, plain::Programs::p43),
    ("p44", secret::Programs::p44, under_the_macro::Programs::p44, plain::Programs::p44),
    ("p45", secret::Programs::p45, under_the_macro::Programs::p45, plain::Programs::p45),
    ("p46", secret::Programs::p46, under_the_macro::Programs::p46, plain::Programs::p46),
    ("p47", secret::Programs::p47, under_the_macro::Programs::p47, plain::Programs::p47),
    ("p48", secret::Programs::p48, under_the_macro::Programs::p48, plain::Programs::p48),
    ("p49", secret::Programs::p49, under_the_macro::Programs::p49, plain::Programs::p49),
    ("p50", secret::Programs::p50, under_the_macro::Programs::p50, plain::Programs::p50),
    ("p51", secret::Programs::p51, under_the_macro::Programs::p51, plain::Programs::p51),
    ("p52", secret::Programs::p52, under_the_macro::Programs::p52, plain::Programs::p52),
    ("p53", secret::Programs::p53, under_the_macro::Programs::p53, plain::Programs::p53),
    ("p54", secret::Programs::p54, under_the_macro::Programs::p54, plain::Programs::p54),
    ("p55", secret::Programs::p55, under_the_macro::Programs::p55, plain::Programs::p55),
    ("p56", secret::Programs::p56, under_the_macro::Programs::p56, plain::Programs::p56),
    ("p57", secret::Programs::p57, under_the_macro::Programs::p57, plain::Programs::p57),
    ("p58", secret::Programs::p58, under_the_macro::Programs::p58, plain::Programs::p58),
    ("p59", secret::Programs::p59, under_the_macro::Programs::p59, plain::Programs::p59),
];
