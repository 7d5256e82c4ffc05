//! One run of a program: a new instance, one call, its result.

use signing_program_sdk::abi::{self, Span};
use wasmi::{
    AsContext, Caller, Engine, Extern, Linker, Memory, Module, ResourceLimiter, Store, TrapCode,
};
use wasmi_core::LimiterError;

use super::{
    limits::{
        Limits, BYTES_PER_FUEL, LOG_FUEL, MAX_LOG_LINE, MAX_LOG_LINES, MAX_REFUSAL, MAX_TABLES,
    },
    result::printable,
    ProgramError,
};

/// The most bytes of a result that are read: a tag, and the longest text or a hash.
const MAX_RESULT: usize = 1 + MAX_REFUSAL;

/// What wasmi holds for us beside an instance.
pub(super) struct Host {
    max_memory: usize,
    max_table: usize,
    log_lines: u32,
}

impl ResourceLimiter for Host {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool, LimiterError> {
        grant(desired <= self.max_memory)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool, LimiterError> {
        grant(desired <= self.max_table)
    }

    fn instances(&self) -> usize {
        1
    }

    fn tables(&self) -> usize {
        MAX_TABLES
    }

    fn memories(&self) -> usize {
        1
    }
}

/// An error ends the program, where `false` would let it go on without the memory: most would only
/// trap later, and their users would not learn why.
fn grant(granted: bool) -> Result<bool, LimiterError> {
    match granted {
        true => Ok(true),
        false => Err(LimiterError::ResourceLimiterDeniedAllocation),
    }
}

/// Links what programs may import.
pub(super) fn linker(engine: &Engine) -> Result<Linker<Host>, wasmi::Error> {
    let mut linker = Linker::new(engine);
    linker.func_wrap(abi::LOG_MODULE, abi::LOG_NAME, log)?;
    Ok(linker)
}

/// `env.log`. What it costs and whether it traps does not depend on who listens.
fn log(mut caller: Caller<'_, Host>, address: u32, len: u32) -> Result<(), wasmi::Error> {
    let fuel = caller.get_fuel()?;
    caller.set_fuel(fuel.saturating_sub(LOG_FUEL))?;
    if fuel < LOG_FUEL {
        return Err(TrapCode::OutOfFuel.into());
    }
    let memory = caller
        .get_export(abi::MEMORY_EXPORT)
        .and_then(Extern::into_memory);
    let span = Span { address, len };
    let text = memory
        .and_then(|memory| bytes(&memory, &caller, span))
        .ok_or(TrapCode::MemoryOutOfBounds)?;
    if caller.data().log_lines < MAX_LOG_LINES {
        tracing::debug!(target: "program", "{}", printable(text, MAX_LOG_LINE));
        caller.data_mut().log_lines += 1;
    }
    Ok(())
}

/// The bytes of the memory that a program speaks of, if there are such bytes.
fn bytes<'a>(
    memory: &Memory,
    store: &'a (impl AsContext<Data = Host> + 'a),
    span: Span,
) -> Option<&'a [u8]> {
    let start = usize::try_from(span.address).ok()?;
    let end = start.checked_add(usize::try_from(span.len).ok()?)?;
    memory.data(store.as_context()).get(start..end)
}

/// What a run needs of a compiled program.
pub(super) struct Run<'a> {
    pub(super) module: &'a Module,
    pub(super) linker: &'a Linker<Host>,
    pub(super) limits: &'a Limits,
    /// How large the memory is at the start, and how long the module is, bytes.
    pub(super) start_bytes: u64,
}

impl Run<'_> {
    /// Calls the export `entry` on `input`. Returns the head of the result, and the fuel used.
    pub(super) fn call(
        &self,
        entry: &'static str,
        input: &[u8],
        fuel: u64,
    ) -> (Result<Vec<u8>, ProgramError>, u64) {
        let start_bytes = self.start_bytes.saturating_add(input.len() as u64);
        let Some(left) = fuel.checked_sub(start_bytes / BYTES_PER_FUEL) else {
            return (Err(ProgramError::OutOfFuel), fuel);
        };
        let host = Host {
            max_memory: self.limits.max_memory,
            max_table: self.limits.max_table,
            log_lines: 0,
        };
        let mut store = Store::new(self.module.engine(), host);
        store.limiter(|host| host);
        let result = store
            .set_fuel(left)
            .map_err(ProgramError::from_run)
            .and_then(|()| self.call_in(&mut store, entry, input));
        let left = match &result {
            Err(ProgramError::OutOfFuel) => 0,
            _ => store.get_fuel().unwrap_or(0),
        };
        (result, fuel.saturating_sub(left))
    }

    fn call_in(
        &self,
        store: &mut Store<Host>,
        entry: &'static str,
        input: &[u8],
    ) -> Result<Vec<u8>, ProgramError> {
        let instance = self
            .linker
            .instantiate_and_start(&mut *store, self.module)
            .map_err(ProgramError::from_run)?;
        let memory = instance
            .get_memory(&mut *store, abi::MEMORY_EXPORT)
            .ok_or(ProgramError::MissingExport(abi::MEMORY_EXPORT))?;
        let alloc = instance
            .get_typed_func::<u32, u32>(&mut *store, abi::ALLOC_EXPORT)
            .map_err(|_| ProgramError::WrongExport(abi::ALLOC_EXPORT))?;
        let entry = instance
            .get_typed_func::<(u32, u32), i64>(&mut *store, entry)
            .map_err(|_| ProgramError::WrongExport(entry))?;

        let len = u32::try_from(input.len()).map_err(|_| ProgramError::OutOfMemory)?;
        let address = alloc
            .call(&mut *store, len)
            .map_err(ProgramError::from_run)?;
        let start = usize::try_from(address).map_err(|_| ProgramError::MalformedResult)?;
        memory
            .write(&mut *store, start, input)
            .map_err(|_| ProgramError::MalformedResult)?;
        let result = entry
            .call(&mut *store, (address, len))
            .map_err(ProgramError::from_run)?;

        let result = bytes(&memory, store, Span::unpack(result));
        let result = result.ok_or(ProgramError::MalformedResult)?;
        Ok(result.get(..MAX_RESULT).unwrap_or(result).to_vec())
    }
}
