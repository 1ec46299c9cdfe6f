//! How a plan is carried out, on an engine that has the contract and nothing else.

mod images;
mod leftovers;
mod life;
mod place;
mod refusals;
