//! The end-to-end tests, in one binary; `make unit` skips them by the module's name.

mod end_to_end;
