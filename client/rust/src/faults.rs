//! Faults on the chain: what was reported of validators, and what came of it.
//!
//! Events are found by the metadata of the block's runtime and read by the names of their fields, so
//! that the client reads those of other versions as far as it knows them.

mod events;
mod reports;

pub use events::{FaultEvent, FaultEventAt};
pub use reports::{ReportAt, Ruling};

use crate::{
    chain::{Block, BlockNumber, Chain, ChainError},
    progress::{Observer, Progress},
};
use subxt::{
    error::{EventsError, ExtrinsicDecodeErrorAt, OnlineClientAtBlockError},
    ext::futures::{stream, StreamExt},
};

/// How many blocks are asked for at a time.
const AT_ONCE: usize = 16;
/// After how many blocks progress is told.
const STEP: u32 = 64;

/// The chain's history could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// The chain could not be read.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The chain's metadata could not be had.
    #[error("the chain cannot be read at its last finalized block")]
    NoMetadata(#[source] Box<OnlineClientAtBlockError>),
    /// There is no such block, or it is not final yet.
    #[error("there is no finalized block {number}; the last one is {last}")]
    NoSuchBlock {
        /// The block that was asked for.
        number: BlockNumber,
        /// The last one.
        last: BlockNumber,
    },
    /// The events of a block are not of a form that this client knows.
    #[error("the events of block {block} cannot be read: is the chain of another version?")]
    Events {
        /// The block.
        block: BlockNumber,
        /// Why.
        #[source]
        source: Box<EventsError>,
    },
    /// The extrinsics of a block are not of a form that this client knows.
    #[error("the reports of block {block} cannot be read: is the chain of another version?")]
    Extrinsics {
        /// The block.
        block: BlockNumber,
        /// Why.
        #[source]
        source: Box<ExtrinsicDecodeErrorAt>,
    },
    /// A report in a block is not of a form that this client knows.
    #[error("a report in block {block} is of another version of the network than this client's")]
    Report {
        /// The block.
        block: BlockNumber,
        /// Why.
        #[source]
        source: codec::Error,
    },
}

/// What has happened in some blocks.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FaultHistory {
    /// The first block that was looked at and could be read.
    pub from: BlockNumber,
    /// The last one.
    pub to: BlockNumber,
    /// How many blocks before that the node has no events of any more: most nodes keep those of 256
    /// blocks.
    pub forgotten: u32,
    /// In the order of the chain.
    pub events: Vec<FaultEventAt>,
}

/// The events of the last `count` finalized blocks.
pub(crate) async fn history(
    chain: &Chain,
    observer: &Observer,
    count: u32,
) -> Result<FaultHistory, HistoryError> {
    let last = chain.finalized().await?.number;
    let first = last.saturating_sub(count.saturating_sub(1));
    let total = last - first + 1;
    let mut blocks = stream::iter((first..=last).rev())
        .map(|number| async move { (number, events_of(chain, number).await) })
        .buffered(AT_ONCE);
    let mut history = FaultHistory {
        from: last,
        to: last,
        forgotten: 0,
        events: Vec::new(),
    };
    let mut newest_first = Vec::new();
    let mut done = 0;
    while let Some((number, events)) = blocks.next().await {
        match events? {
            Some(events) => newest_first.push(events),
            // What a node has forgotten of a block, it has forgotten of those before it.
            None => {
                history.forgotten = number - first + 1;
                break;
            }
        }
        history.from = number;
        done += 1;
        if done % STEP == 0 {
            observer.tell(Progress::Scanning { done, total });
        }
    }
    history.events = newest_first.into_iter().rev().flatten().collect();
    Ok(history)
}

/// The events of a finalized block; none if the node has forgotten them.
pub(crate) async fn events_of(
    chain: &Chain,
    number: BlockNumber,
) -> Result<Option<Vec<FaultEventAt>>, HistoryError> {
    let block = chain.block_at(number).await?;
    let Some(block) = block else {
        let last = chain.finalized().await?.number;
        return Err(HistoryError::NoSuchBlock { number, last });
    };
    let at = chain.online().at_block(block.hash).await;
    let at = match at {
        Ok(at) => at,
        Err(error) if is_forgotten(&error) => return Ok(None),
        Err(error) => return Err(HistoryError::NoMetadata(Box::new(error))),
    };
    let failed = |source| HistoryError::Events {
        block: number,
        source,
    };
    let events = match at.events().fetch().await {
        Ok(events) => events,
        Err(error) if is_forgotten(&error) => return Ok(None),
        Err(error) => return Err(failed(Box::new(error))),
    };
    let mut found = Vec::new();
    for event in events.iter() {
        let event = event.map_err(|error| failed(Box::new(error)))?;
        found.extend(events::read(block, &event).map_err(failed)?);
    }
    Ok(Some(found))
}

/// Whether a node says that it keeps the state of a block no more.
fn is_forgotten(error: &dyn std::error::Error) -> bool {
    let mut error = Some(error);
    while let Some(cause) = error {
        let words = cause.to_string();
        if words.contains("State already discarded") || words.contains("UnknownBlock") {
            return true;
        }
        error = cause.source();
    }
    false
}

/// The reports in a finalized block, and what the chain said to each.
pub(crate) async fn reports_in(
    chain: &Chain,
    number: BlockNumber,
) -> Result<Vec<ReportAt>, HistoryError> {
    let last = chain.finalized().await?.number;
    let block: Option<Block> = match number <= last {
        true => chain.block_at(number).await?,
        false => None,
    };
    let block = block.ok_or(HistoryError::NoSuchBlock { number, last })?;
    let events = events_of(chain, number).await?;
    reports::read(chain, block, events.as_deref()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the node did not answer")]
    struct Outer(#[source] Inner);

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Inner(&'static str);

    #[test]
    fn a_node_that_has_forgotten_is_told_from_one_that_fails() {
        let pruned =
            "Client error: Api called for an unknown Block: State already discarded for 0x…";
        assert!(is_forgotten(&Outer(Inner(pruned))));
        assert!(!is_forgotten(&Outer(Inner("connection closed"))));
    }
}
