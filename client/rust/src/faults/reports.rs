//! Reports, as they were submitted.

use super::{FaultEvent, FaultEventAt, HistoryError};
use crate::{
    calls::PALLET,
    chain::{AccountId, Block, BlockNumber, Chain},
};
use codec::Decode;
use signing_primitives::FaultReport;

/// The pallet's call.
const CALL: &str = "report_fault";

/// What the chain made of a report.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Ruling {
    /// It counts as one validator's word.
    Counted,
    /// It proves that the accused has cheated.
    Proven,
    /// It proves nothing, and the reporter is punished.
    False,
    /// It had no effect.
    NoEffect,
    /// The node has forgotten the events of this block.
    Forgotten,
}

/// A report, and where it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReportAt {
    /// The block.
    pub block: Block,
    /// Which of its extrinsics it is.
    pub extrinsic: u32,
    /// What it says.
    pub report: FaultReport<AccountId, BlockNumber>,
    /// What the chain made of it.
    pub ruling: Ruling,
}

/// The reports in a block. `events` are those of the block, if the node still has them.
pub(super) async fn read(
    chain: &Chain,
    block: Block,
    events: Option<&[FaultEventAt]>,
) -> Result<Vec<ReportAt>, HistoryError> {
    let body = chain.body(block).await?;
    // By today's metadata: that of an old block is gone with its state.
    let at = chain.online().at_current_block().await;
    let at = at.map_err(|error| HistoryError::NoMetadata(Box::new(error)))?;
    let extrinsics = at.extrinsics().from_bytes(body).await;
    let mut reports = Vec::new();
    for extrinsic in extrinsics.iter() {
        let extrinsic = extrinsic.map_err(|error| HistoryError::Extrinsics {
            block: block.number,
            source: Box::new(error),
        })?;
        if extrinsic.pallet_name() != PALLET || extrinsic.call_name() != CALL {
            continue;
        }
        // The first argument; the second is its signature, which the chain has checked.
        let report = FaultReport::decode(&mut extrinsic.call_data_field_bytes());
        let report = report.map_err(|source| HistoryError::Report {
            block: block.number,
            source,
        })?;
        let index = u32::try_from(extrinsic.index()).unwrap_or(u32::MAX);
        reports.push(ReportAt {
            block,
            extrinsic: index,
            report,
            ruling: ruling(index, events),
        });
    }
    Ok(reports)
}

fn ruling(extrinsic: u32, events: Option<&[FaultEventAt]>) -> Ruling {
    let Some(events) = events else {
        return Ruling::Forgotten;
    };
    let mut own = events
        .iter()
        .filter(|event| event.extrinsic == Some(extrinsic));
    own.find_map(|event| match event.event {
        FaultEvent::Reported { .. } => Some(Ruling::Counted),
        FaultEvent::CheatingProven { .. } => Some(Ruling::Proven),
        FaultEvent::FalseEvidence { .. } => Some(Ruling::False),
        _ => None,
    })
    .unwrap_or(Ruling::NoEffect)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sp_core::H256;

    #[test]
    fn each_report_has_its_own_ruling() {
        let account = |byte| AccountId::new([byte; 32]);
        let at = |extrinsic, event| FaultEventAt {
            block: Block {
                number: 7,
                hash: H256([7; 32]),
            },
            extrinsic,
            event,
        };
        let events = [
            at(
                None,
                FaultEvent::ChallengeAnswered {
                    validator: account(1),
                },
            ),
            at(
                Some(1),
                FaultEvent::Challenged {
                    validator: account(1),
                    deadline: 9,
                },
            ),
            at(
                Some(1),
                FaultEvent::Reported {
                    reporter: account(2),
                    accused: account(1),
                    fault: "Silent".into(),
                },
            ),
            at(
                Some(3),
                FaultEvent::FalseEvidence {
                    reporter: account(2),
                    accused: account(1),
                    slash: 1,
                },
            ),
            at(
                Some(4),
                FaultEvent::CheatingProven {
                    reporter: account(2),
                    accused: account(1),
                    generation: 1,
                    slash: 1,
                },
            ),
        ];
        let rulings = [1, 2, 3, 4].map(|index| ruling(index, Some(&events)));
        assert_eq!(
            rulings,
            [
                Ruling::Counted,
                Ruling::NoEffect,
                Ruling::False,
                Ruling::Proven
            ]
        );
        assert_eq!(ruling(1, None), Ruling::Forgotten);
    }
}
