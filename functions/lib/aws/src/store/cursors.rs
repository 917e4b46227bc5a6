//! The place where the reconciliation continues: one row, beside the requests.

use super::rows::{CURSOR_PK, CURSOR_SK, cursor_row, read_cursor};
use super::tables::Store;
use super::writes::Guard;
use crate::random::random_name;
use rightful_domain::base::failure::Failure;
use rightful_domain::ports::store::{CommitError, Cursor, Cursors};

impl Cursors for Store {
    async fn cursor(&self) -> Result<Option<Cursor>, Failure> {
        let row = self.row(CURSOR_PK.to_owned(), CURSOR_SK.to_owned()).await?;
        row.map(read_cursor).transpose()
    }

    async fn save_cursor(&self, cursor: &Cursor) -> Result<(), CommitError> {
        let writer = random_name()?;
        let row = self.put_request_row(
            cursor_row(cursor, cursor.revision + 1, &writer)?,
            Guard::read_at(cursor.revision),
        );
        let place = (CURSOR_PK.to_owned(), CURSOR_SK.to_owned());
        self.commit_quietly(&[row], Some(place), &writer).await
    }
}
