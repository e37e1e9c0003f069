//! Calls of the CUDA driver. `cust` declares its functions with an enum of results, and a driver that is newer than that
//! list may return others: here they are integers, and the text comes from the driver.

#![allow(unsafe_code, reason = "functions of the driver")]

use crate::error::DeviceError;
use cust::sys;
use std::{
    ffi::{CStr, CString, c_char, c_int},
    mem,
    os::unix::ffi::OsStrExt,
    path::Path,
    ptr,
};

/// What a call of the driver returns.
pub(super) type Code = c_int;

pub(super) const SUCCESS: Code = 0;
pub(super) const OUT_OF_MEMORY: Code = 2;
const UNSUPPORTED_PTX: Code = 222;

/// A function of the driver, with an integer for its result.
pub(super) trait Integer {
    type Function;
    fn integer(self) -> Self::Function;
}

macro_rules! integer {
    ($($arg:ident)*) => {
        impl<$($arg),*> Integer for unsafe extern "C" fn($($arg),*) -> sys::CUresult {
            type Function = unsafe extern "C" fn($($arg),*) -> Code;
            fn integer(self) -> Self::Function {
                // SAFETY: the enum is `repr(i32)`, so both return an integer of 32 bits.
                unsafe { mem::transmute::<Self, Self::Function>(self) }
            }
        }
    };
}
integer!(A);
integer!(A B);
integer!(A B C);
integer!(A B C D);
integer!(A B C D E);
integer!(A B C D E F G H I J K);

/// Calls a function of the driver: `cu!(cuStreamSynchronize(stream))` is its code.
macro_rules! cu {
    (@any $arg:expr) => { _ };
    ($name:ident($($arg:expr),* $(,)?)) => {{
        use $crate::backend::cuda::driver::Integer;
        let function: unsafe extern "C" fn($($crate::backend::cuda::driver::cu!(@any $arg)),*) -> cust::sys::CUresult =
            cust::sys::$name;
        // SAFETY: as the caller says.
        let code = unsafe { function.integer()($($arg),*) };
        (stringify!($name), code)
    }};
}
pub(super) use cu;

/// `cuGetErrorString`, for a type of codes.
type Text<E> = unsafe extern "C" fn(E, *mut *const c_char) -> E;

/// What is wrong with a call, if anything is.
pub(super) fn checked((call, code): (&'static str, Code)) -> Result<(), DeviceError> {
    if code == SUCCESS {
        return Ok(());
    }
    if code == UNSUPPORTED_PTX {
        return Err(DeviceError::OldDriver);
    }
    let mut text: *const c_char = ptr::null();
    // The enum of cust's declaration may lack the code that the driver has: this one takes an integer.
    // SAFETY: the same function with an integer for each enum; it sets `text` to a string that stays, or to null.
    let text = unsafe {
        mem::transmute::<Text<sys::CUresult>, Text<Code>>(sys::cuGetErrorString)(code, &mut text);
        if text.is_null() { "unknown error".into() } else { CStr::from_ptr(text).to_string_lossy().into_owned() }
    };
    Err(DeviceError::Driver { call, code, text })
}

unsafe extern "C" {
    fn mpc_cuda_library(path: *const c_char) -> c_int;
    fn mpc_cuda_problem() -> *const c_char;
}

/// Names the library of the driver, for the whole process: see [`super::use_library`].
pub(super) fn use_library(path: &Path) -> bool {
    let Ok(path) = CString::new(path.as_os_str().as_bytes()) else { return false };
    // SAFETY: a string that ends; it is copied.
    unsafe { mpc_cuda_library(path.as_ptr()) != 0 }
}

/// Why there is no driver's library, if there is none.
pub(super) fn missing() -> Option<String> {
    // SAFETY: a string that stays.
    let problem = unsafe { CStr::from_ptr(mpc_cuda_problem()) }.to_string_lossy();
    (!problem.is_empty()).then(|| problem.into_owned())
}
