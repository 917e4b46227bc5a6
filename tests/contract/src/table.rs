//! The raw layer: a table that takes transactions and refuses what DynamoDB refuses.
//!
//! The limits are those of `TransactWriteItems`: 100 items, 4 MB together, 400 KB an item with its key
//! and its index attributes, no two operations on one item.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::rc::Rc;

/// Items in one transaction.
pub const MAX_ITEMS: usize = 100;
/// Bytes in one transaction.
pub const MAX_TRANSACTION_BYTES: usize = 4 * 1024 * 1024;
/// Bytes in one item.
pub const MAX_ITEM_BYTES: usize = 400 * 1024;

/// A row's partition key and sort key.
pub type Key = (String, String);

/// A stored row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The row as JSON, or an event's exact bytes.
    pub body: Vec<u8>,
    /// Its revision; 0 where a row has none.
    pub revision: u64,
    /// Which change wrote it.
    pub writer: u64,
    /// Attributes that an index needs, by name.
    pub index: BTreeMap<&'static str, String>,
}

impl Item {
    fn bytes(&self, key: &Key) -> usize {
        let index: usize = self.index.iter().map(|(name, value)| name.len() + value.len()).sum();
        // Attribute names: pk, sk, body, revision, writer; the two numbers as DynamoDB counts them.
        key.0.len() + key.1.len() + self.body.len() + index + 2 + 2 + 4 + 8 + 6 + 2 * 21
    }
}

/// On what condition a row is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Whatever is there.
    Nothing,
    /// Nothing may be there.
    Absent,
    /// The row there has this revision.
    Revision(u64),
}

/// One write of a transaction.
#[derive(Clone, Debug)]
pub enum Write {
    /// Puts a row.
    Put(Key, Item, Guard),
    /// Deletes a row.
    Delete(Key),
    /// Deletes a row on a condition.
    DeleteIf(Key, Guard),
    /// Writes nothing: the guard must hold.
    Check(Key, Guard),
}

impl Write {
    fn key(&self) -> &Key {
        match self {
            Write::Put(key, _, _) | Write::Delete(key) | Write::DeleteIf(key, _) | Write::Check(key, _) => {
                key
            }
        }
    }
}

/// Why a transaction failed, or may have failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// `TransactionConflict`: another transaction was under way; nothing is stored.
    Conflict,
    /// Guards that do not hold, by place; nothing is stored.
    Guards(Vec<usize>),
    /// The answer is lost; the transaction may be stored.
    Ambiguous,
    /// The answer is lost, and reads fail for now too.
    Dark,
    /// DynamoDB would never take it.
    Invalid(&'static str),
}

/// A fault of the next transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It collides.
    Conflict,
    /// It is stored, but the answer is lost.
    LoseAnswer,
    /// It is not stored, and nobody can tell.
    LoseCall,
    /// It is stored, but neither the answer nor a read comes through.
    LoseSight,
}

/// Draws the faults of transactions.
#[derive(Clone, Default)]
struct Drawn(Option<Rc<dyn Fn() -> Option<Fault>>>);

impl fmt::Debug for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Drawn").field(&self.0.is_some()).finish()
    }
}

/// Tables with transactions over them.
#[derive(Debug, Default)]
pub struct Table {
    rows: RefCell<BTreeMap<Key, Item>>,
    faults: RefCell<Vec<Fault>>,
    drawn: RefCell<Drawn>,
    changed: RefCell<BTreeSet<String>>,
    largest: Cell<(usize, usize)>,
}

impl Table {
    /// A row, read consistently.
    #[must_use]
    pub fn row(&self, pk: &str, sk: &str) -> Option<Item> {
        self.rows.borrow().get(&(pk.to_owned(), sk.to_owned())).cloned()
    }

    /// The rows of a partition whose sort key begins with `prefix`, in order.
    #[must_use]
    pub fn query(&self, pk: &str, prefix: &str) -> Vec<Item> {
        let rows = self.rows.borrow();
        rows.range((pk.to_owned(), prefix.to_owned())..)
            .take_while(|((row, sk), _)| row == pk && sk.starts_with(prefix))
            .map(|(_, item)| item.clone())
            .collect()
    }

    /// Every row.
    #[must_use]
    pub fn all(&self) -> Vec<(Key, Item)> {
        self.rows.borrow().iter().map(|(key, item)| (key.clone(), item.clone())).collect()
    }

    /// The key of each row with both attributes of an index, and their values.
    #[must_use]
    pub fn indexed(&self, first: &str, second: &str) -> Vec<(Key, String, String)> {
        let rows = self.rows.borrow();
        rows.iter()
            .filter_map(|(key, item)| {
                Some((key.clone(), item.index.get(first)?.clone(), item.index.get(second)?.clone()))
            })
            .collect()
    }

    /// Puts or removes a row by hand, to set up a test or to tamper.
    pub fn set(&self, key: Key, item: Option<Item>) {
        self.changed.borrow_mut().insert(key.0.clone());
        match item {
            Some(item) => self.rows.borrow_mut().insert(key, item),
            None => self.rows.borrow_mut().remove(&key),
        };
    }

    /// Orders the faults of the next transactions, in order.
    pub fn fail_next(&self, faults: &[Fault]) {
        self.faults.borrow_mut().extend(faults.iter().rev());
    }

    /// Cancels the ordered faults.
    pub fn fail_no_more(&self) {
        self.faults.borrow_mut().clear();
    }

    /// `draw` decides the fault of each transaction without an ordered one.
    pub fn fail_as(&self, draw: impl Fn() -> Option<Fault> + 'static) {
        *self.drawn.borrow_mut() = Drawn(Some(Rc::new(draw)));
    }

    /// The partitions written since the last such call.
    #[must_use]
    pub fn take_changed(&self) -> BTreeSet<String> {
        std::mem::take(&mut *self.changed.borrow_mut())
    }

    /// The least value of an attribute that an index needs.
    #[must_use]
    pub fn least(&self, attribute: &str) -> Option<String> {
        let rows = self.rows.borrow();
        rows.values().filter_map(|item| item.index.get(attribute)).min().cloned()
    }

    /// The most items and the most bytes of any transaction.
    #[must_use]
    pub fn largest(&self) -> (usize, usize) {
        self.largest.get()
    }

    /// All of it or nothing.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn transact(&self, writes: &[Write]) -> Result<(), Refusal> {
        self.check_limits(writes)?;
        let ordered = self.faults.borrow_mut().pop();
        let drawn = self.drawn.borrow().0.clone();
        let fault = ordered.or_else(|| drawn.and_then(|draw| draw()));
        match fault {
            Some(Fault::Conflict) => return Err(Refusal::Conflict),
            Some(Fault::LoseCall) => return Err(Refusal::Ambiguous),
            Some(Fault::LoseAnswer | Fault::LoseSight) | None => {}
        }
        let mut rows = self.rows.borrow_mut();
        let holds = |write: &Write| match write {
            Write::Delete(_) => true,
            Write::Put(key, _, guard) | Write::DeleteIf(key, guard) | Write::Check(key, guard) => match guard
            {
                Guard::Nothing => true,
                Guard::Absent => !rows.contains_key(key),
                Guard::Revision(revision) => rows.get(key).is_some_and(|row| row.revision == *revision),
            },
        };
        let failed: Vec<usize> = (0..writes.len()).filter(|&n| !holds(&writes[n])).collect();
        if !failed.is_empty() {
            return Err(Refusal::Guards(failed));
        }
        for write in writes {
            match write {
                Write::Put(key, item, _) => rows.insert(key.clone(), item.clone()),
                Write::Delete(key) | Write::DeleteIf(key, _) => rows.remove(key),
                Write::Check(..) => None,
            };
            self.changed.borrow_mut().insert(write.key().0.clone());
        }
        match fault {
            Some(Fault::LoseSight) => Err(Refusal::Dark),
            Some(_) => Err(Refusal::Ambiguous),
            None => Ok(()),
        }
    }

    fn check_limits(&self, writes: &[Write]) -> Result<(), Refusal> {
        let keys: BTreeSet<&Key> = writes.iter().map(Write::key).collect();
        if keys.len() < writes.len() {
            return Err(Refusal::Invalid("one_item_twice"));
        }
        let sizes = writes.iter().map(|write| match write {
            Write::Put(key, item, _) => item.bytes(key),
            Write::Delete(key) | Write::DeleteIf(key, _) | Write::Check(key, _) => key.0.len() + key.1.len(),
        });
        let (mut total, mut largest) = (0, 0);
        for size in sizes {
            total += size;
            largest = largest.max(size);
        }
        let (items, bytes) = self.largest.get();
        self.largest.set((items.max(writes.len()), bytes.max(total)));
        if writes.is_empty() || writes.len() > MAX_ITEMS {
            return Err(Refusal::Invalid("too_many_items"));
        }
        if total > MAX_TRANSACTION_BYTES {
            return Err(Refusal::Invalid("transaction_too_large"));
        }
        if largest > MAX_ITEM_BYTES {
            return Err(Refusal::Invalid("item_too_large"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(sk: &str, bytes: usize, guard: Guard) -> Write {
        let item = Item { body: vec![b'x'; bytes], revision: 1, writer: 0, index: BTreeMap::new() };
        Write::Put(("p".to_owned(), sk.to_owned()), item, guard)
    }

    #[test]
    fn a_transaction_takes_a_hundred_items_and_no_more() {
        let many = |n: usize| (0..n).map(|n| put(&n.to_string(), 1, Guard::Nothing)).collect::<Vec<_>>();
        assert_eq!(Table::default().transact(&many(100)), Ok(()));
        assert_eq!(Table::default().transact(&many(101)), Err(Refusal::Invalid("too_many_items")));
    }

    #[test]
    fn an_item_holds_400_kb_with_its_key_and_a_transaction_4_mb() {
        let table = Table::default();
        let item = |n: usize| put(&n.to_string(), MAX_ITEM_BYTES - 500, Guard::Nothing);
        assert_eq!(table.transact(&[item(1)]), Ok(()));
        let large = [put("a", MAX_ITEM_BYTES, Guard::Nothing)];
        assert_eq!(table.transact(&large), Err(Refusal::Invalid("item_too_large")));
        let eleven: Vec<Write> = (0..11).map(item).collect();
        assert_eq!(table.transact(&eleven), Err(Refusal::Invalid("transaction_too_large")));
    }

    #[test]
    fn a_guard_that_does_not_hold_stores_nothing() {
        let table = Table::default();
        table.transact(&[put("a", 1, Guard::Absent)]).unwrap();
        let second = [put("b", 1, Guard::Absent), put("a", 2, Guard::Absent)];
        assert_eq!(table.transact(&second), Err(Refusal::Guards(vec![1])));
        assert!(table.row("p", "b").is_none());
        assert_eq!(table.transact(&[put("a", 2, Guard::Revision(1))]), Ok(()));
        assert_eq!(table.transact(&[put("a", 2, Guard::Revision(7))]), Err(Refusal::Guards(vec![0])));
    }

    #[test]
    fn what_goes_out_of_sight_is_stored_all_the_same_and_tells_which_partition_changed() {
        let table = Table::default();
        table.fail_next(&[Fault::LoseSight]);
        assert_eq!(table.transact(&[put("a", 1, Guard::Absent)]), Err(Refusal::Dark));
        assert_eq!(table.take_changed().len(), 1);
        assert!(table.take_changed().is_empty());
        assert_eq!(table.transact(&[put("a", 1, Guard::Absent)]), Err(Refusal::Guards(vec![0])));
        assert!(table.take_changed().is_empty(), "nothing was written");
    }

    #[test]
    fn a_drawn_fault_strikes_when_none_is_ordered() {
        let table = Table::default();
        table.fail_as(|| Some(Fault::LoseCall));
        table.fail_next(&[Fault::Conflict]);
        assert_eq!(table.transact(&[put("a", 1, Guard::Absent)]), Err(Refusal::Conflict));
        assert_eq!(table.transact(&[put("a", 1, Guard::Absent)]), Err(Refusal::Ambiguous));
        table.fail_as(|| None);
        assert_eq!(table.transact(&[put("a", 1, Guard::Absent)]), Ok(()));
    }

    #[test]
    fn one_item_is_written_once_in_a_transaction() {
        let twice = [put("a", 1, Guard::Nothing), put("a", 1, Guard::Nothing)];
        assert_eq!(Table::default().transact(&twice), Err(Refusal::Invalid("one_item_twice")));
    }
}
