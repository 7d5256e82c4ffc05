//! What [`program!`](crate::program) exports, and how those functions meet the ABI.
//!
//! The functions here are for the macro; a program has no need to call them.

use alloc::vec::Vec;

use crate::{abi, Refusal, Request};

/// Exports functions as a program.
///
/// * `program!(evaluate)`, with `fn evaluate(&Request<'_>) -> Result<(), Refusal>`;
/// * `program!(evaluate, custom_hash)`, with also
///   `fn custom_hash(message: &[u8]) -> Result<[u8; 32], Refusal>`.
///
/// For WebAssembly it also provides the global allocator and the panic handler.
#[macro_export]
macro_rules! program {
    ($evaluate:path) => {
        $crate::program!(@evaluate $evaluate);
    };
    ($evaluate:path, $custom_hash:path) => {
        $crate::program!(@evaluate $evaluate);

        #[cfg(target_arch = "wasm32")]
        #[unsafe(export_name = "custom_hash")]
        unsafe extern "C" fn __signing_program_custom_hash(address: *mut u8, len: usize) -> i64 {
            // Safety: the caller got the bytes from `alloc`, filled them and hands them over.
            let input = unsafe { $crate::export::input(address, len) };
            $crate::export::give($crate::export::custom_hash(input, $custom_hash))
        }

        // The function is unused natively but for tests.
        #[cfg(not(target_arch = "wasm32"))]
        const _: fn(&[u8]) -> ::core::result::Result<[u8; 32], $crate::Refusal> = $custom_hash;
    };
    (@evaluate $evaluate:path) => {
        // Natively the standard library brings the allocator and the panic handler.
        #[cfg(not(target_arch = "wasm32"))]
        extern crate std as __signing_program_std;

        #[cfg(target_arch = "wasm32")]
        #[unsafe(export_name = "signing_program_abi_1")]
        extern "C" fn __signing_program_abi() {}

        #[cfg(target_arch = "wasm32")]
        #[unsafe(export_name = "alloc")]
        extern "C" fn __signing_program_alloc(len: usize) -> *mut u8 {
            $crate::export::alloc(len)
        }

        #[cfg(target_arch = "wasm32")]
        #[unsafe(export_name = "evaluate")]
        unsafe extern "C" fn __signing_program_evaluate(address: *mut u8, len: usize) -> i64 {
            // Safety: the caller got the bytes from `alloc`, filled them and hands them over.
            let input = unsafe { $crate::export::input(address, len) };
            $crate::export::give($crate::export::evaluate(input, $evaluate))
        }

        #[cfg(target_arch = "wasm32")]
        #[global_allocator]
        static __SIGNING_PROGRAM_ALLOCATOR: $crate::export::Allocator =
            $crate::export::Allocator;

        #[cfg(target_arch = "wasm32")]
        #[panic_handler]
        fn __signing_program_panic(_: &::core::panic::PanicInfo<'_>) -> ! {
            $crate::export::trap()
        }

        // The function is unused natively but for tests.
        #[cfg(not(target_arch = "wasm32"))]
        const _: fn(&$crate::Request<'_>) -> ::core::result::Result<(), $crate::Refusal> = $evaluate;
    };
}

/// Puts an encoded request to the program; returns the encoded result.
pub fn evaluate(input: &[u8], evaluate: fn(&Request<'_>) -> Result<(), Refusal>) -> Vec<u8> {
    let Ok(request) = Request::decode(input) else {
        return abi::no("the input is not a request of ABI version 1");
    };
    match evaluate(&request) {
        Ok(()) => abi::yes(),
        Err(refusal) => abi::no(refusal.text()),
    }
}

/// Has the program hash a message; returns the encoded result.
pub fn custom_hash(message: &[u8], custom_hash: fn(&[u8]) -> Result<[u8; 32], Refusal>) -> Vec<u8> {
    match custom_hash(message) {
        Ok(hash) => abi::hash(&hash),
        Err(refusal) => abi::no(refusal.text()),
    }
}

#[cfg(target_arch = "wasm32")]
pub use wasm::{alloc, give, input, trap, Allocator};

#[cfg(target_arch = "wasm32")]
pub(crate) use wasm::log;

#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn log(_text: &str) {}

#[cfg(target_arch = "wasm32")]
mod wasm {
    use alloc::{boxed::Box, vec::Vec};

    use crate::abi::Span;

    /// The global allocator. An instance lives for one call, but large inputs are parsed in small
    /// steps: freed memory must be used again.
    pub use dlmalloc::GlobalDlmalloc as Allocator;

    /// Room for the input; never freed.
    pub fn alloc(len: usize) -> *mut u8 {
        let room: Box<[u8]> = alloc::vec![0; len].into_boxed_slice();
        Box::leak(room).as_mut_ptr()
    }

    /// The input that the signer wrote.
    ///
    /// # Safety
    ///
    /// `address` came from [`alloc`] with this `len`, and nothing else refers to the bytes.
    pub unsafe fn input(address: *mut u8, len: usize) -> &'static [u8] {
        // Safety: see above.
        unsafe { core::slice::from_raw_parts(address, len) }
    }

    /// Leaves a result in memory and says where it is.
    pub fn give(result: Vec<u8>) -> i64 {
        let result = result.leak();
        Span {
            address: result.as_ptr() as u32,
            len: result.len() as u32,
        }
        .pack()
    }

    /// Ends the evaluation: a panic is a no.
    pub fn trap() -> ! {
        core::arch::wasm32::unreachable()
    }

    pub(crate) fn log(text: &str) {
        #[link(wasm_import_module = "env")]
        unsafe extern "C" {
            #[link_name = "log"]
            fn host_log(address: *const u8, len: usize);
        }
        // Safety: the signer only reads these bytes.
        unsafe { host_log(text.as_ptr(), text.len()) };
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::testing::TestRequest;

    fn refuse(request: &Request<'_>) -> Result<(), Refusal> {
        crate::ensure!(request.message == b"yes", "not \"yes\"");
        Ok(())
    }

    #[test]
    fn results_are_tagged() {
        assert_eq!(evaluate(&TestRequest::new("yes").encode(), refuse), [1]);
        assert_eq!(
            evaluate(&TestRequest::new("no").encode(), refuse),
            b"\0not \"yes\""
        );
        assert_eq!(custom_hash(b"", |_| Ok([9; 32])).len(), 33);
        assert_eq!(custom_hash(b"", |_| Err("never".into())), b"\0never");
    }

    #[test]
    fn garbage_is_refused_before_the_program_sees_it() {
        let result = evaluate(b"garbage", |_| Ok(()));
        assert_eq!(result.first(), Some(&abi::TAG_NO));
    }
}
