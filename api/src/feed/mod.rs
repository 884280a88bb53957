//! Activity: what happened in a callshop, in order, to everyone who watches.
//!
//! The activity table is the truth; [`Hub`] only says early what was committed. Whoever sees a gap in `seq`, or lags, reads the
//! table again ([`Watch`]).

pub mod hub;
pub mod stream;

pub use hub::Hub;
pub use stream::Watch;
