//! A demand comes in.

mod demand;
mod received;
mod synthetic;
