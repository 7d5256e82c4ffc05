//! Builds the runtime for WebAssembly, twice: as it is, and with the feature `fast-runtime`. One
//! build of the node carries both, so tests on real nodes need no build of their own. A build for
//! benchmarks needs the first only.

fn main() {
    #[cfg(feature = "std")]
    {
        use substrate_wasm_builder::WasmBuilder;

        WasmBuilder::build_using_defaults();
        #[cfg(not(feature = "runtime-benchmarks"))]
        WasmBuilder::init_with_defaults()
            .set_file_name("fast_runtime_binary.rs")
            .enable_feature("fast-runtime")
            .build();
    }
}
