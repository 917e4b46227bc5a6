### The words of the console's pages in English. One file holds one language: translate what follows each equals
### sign, and keep the names and what stands in braces.

## The frame

skip = Skip to the content
nav = Pages
nav-requests = Requests
nav-new = New request
nav-journal = Journal
role-viewer = viewer
role-operator = operator
role-reviewer = reviewer
role-administrator = administrator
sign-out = Sign out
footer-times = Times are in
contact-lost = No contact with the server since { $x }. This page may be out of date.
contact-signed-out = You are signed out. Sign in again in a new window, then come back here.
trouble = There is a problem

## Signing in

sign-in = Sign in
sign-in-link-only = Somebody with access to this deployment's API makes you a link that signs you in once: `rightful console` prints one.
sign-in-none = This deployment makes no links for signing in. Work with the command `rightful`.
sign-in-as = Sign in as { $x }
sign-in-link-title = Sign in by a link
sign-in-link-about = This link works once.
sign-in-link-over = This link was used before, has expired, or was replaced by a newer one. Ask for another.
signed-out = You are signed out
signed-out-about = All your sessions have ended, in every browser.
session-over = Your session is over
session-over-about = Nothing was done. Sign in again in a new window; what you typed is below. Then send it again.
session-over-secret = Type the secret again: it is not shown here.
session-over-new-window = Sign in, in a new window
session-over-send = Send it again
session-over-typed = What you typed

## Errors

not-found = Page not found
not-found-about = There is no such page, or the request or data source that it showed is gone.
forbidden = You may not do this
forbidden-about = Your role doesn't include it. An administrator can give you another role.
failed = It didn't work
failed-about = Nothing was lost. Try again in a moment; if it stays so, tell your platform engineer the code below.
failed-code = Code: { $x }
form-stale = This form was open too long, or belongs to somebody else
form-stale-about = Nothing was done. Go back, reload the page, and try again.
host-wrong = Wrong address
host-wrong-about = These pages are not served under this address.
back-to-requests = Back to the requests
back-to-request = Back to the request
error-role_missing = Your role doesn't include this.

## Times and numbers

span-seconds = { $n ->
    [one] 1 second
   *[other] { $n } seconds
  }
span-minutes = { $n ->
    [one] 1 minute
   *[other] { $n } minutes
  }
span-hours = { $n ->
    [one] 1 hour
   *[other] { $n } hours
  }
span-days = { $n ->
    [one] 1 day
   *[other] { $n } days
  }
due-left = { $x } left
due-over = { $x } overdue
records-found = { $n ->
    [0] no records found
    [one] 1 record found
   *[other] { $n } records found
  }
or = { $first } or { $last }
by = { $what }, by { $who }

## The list of requests

requests = Requests
requests-open = { $n ->
    [0] No request is open.
    [one] 1 request is open
   *[other] { $n } requests are open
  }
requests-wait = { $n ->
    [0] none waits for you
    [one] 1 waits for you
   *[other] { $n } wait for you
  }
requests-overdue = { $n ->
    [0] none is overdue
    [one] 1 is overdue
   *[other] { $n } are overdue
  }
requests-none = No request fits.
requests-none-at-all = No request is open. New ones come from your ticketing system, or from “New request”.
requests-none-yet = None of the newest requests fits.
requests-further = Look further back
requests-next = Next page
requests-first = First page
filter = Filter
filter-state = State
filter-state-open = open, most urgent first
filter-state-closed = closed
filter-state-all = all, newest first
filter-person = Waits for a person
filter-due = Due
filter-due-any = any time
filter-due-0 = overdue
filter-due-3 = within 3 days
filter-due-7 = within 7 days
filter-due-14 = within 14 days
filter-right = Right
filter-any = any
filter-source = Data source
filter-reference = Ticket's reference or request id
filter-show = Show
filter-clear = Clear
find = Find a person's requests
find-about = By an identifier of the person. It is sent in the body of the call, never in an address. Requests of people who are forgotten are not found.
find-kind = Kind
find-value = Identifier
find-go = Find
find-results = Requests of this person
find-none = No request names this identifier as its first.
request-name = { $right } …{ $x }
request-name-reference = { $right } { $x }
right-erasure = Erasure
right-access = Access
request-open = Open
request-closed = Closed
request-outcome-fulfilled = Fulfilled
request-outcome-partly_fulfilled = Partly fulfilled
request-outcome-nothing_found = Nothing found
request-outcome-refused = Refused
request-outcome-failed = Failed
request-outcome-dry_run = Tried out
request-outcome-cancelled = Cancelled
turn-person = Waits for a person
turn-workflow = Moves by itself
turn-vendor = The vendor works on it
turn-reconcile = Taken up again by the next reconciliation
trial-synthetic = synthetic: for a test address
trial-dry-run = dry run
progress-sources = { $settled } of { $all } data sources ended
progress-missing = { $n ->
    [one] 1 missing identifier
   *[other] { $n } missing identifiers
  }
progress-review = { $n ->
    [one] 1 decision to make
   *[other] { $n } decisions to make
  }
progress-unknown = { $n ->
    [one] 1 outcome unknown
   *[other] { $n } outcomes unknown
  }
row-sources = Data sources

## One request

request = Request
request-id = Id
request-identifiers = Identifiers
request-reference = Ticket
request-origin = Came from
request-received = The person asked
request-arrived = It arrived here
request-due = Legal deadline
request-due-rests = counted from { $x }, in { $zone }
request-extended = Extended
request-extended-words = { $n ->
    [one] by 1 month: { $ground }
   *[other] by { $n } months: { $ground }
  }
request-cancel = Cancelling
request-cancel-possible = Still possible: nothing was submitted yet.
request-cancel-too-late = No longer possible: something was submitted, or everything has ended.
request-next = Looked at next
request-closed-at = Closed
request-forget = The person is forgotten
request-forgotten = The person was forgotten
request-not-asked = Connected, but not asked
request-repeats = Asked again since
request-repeats-words = { $n ->
    [one] once; nothing ran for it
   *[other] { $n } times; nothing ran for them
  }
request-synthetic = The deployment made this request itself, for a test address. It concerns nobody and has no legal date.
request-dry-run = Dry run: nothing is erased or copied.
request-escalated = { $level }. { $who } must act: { $reason }.
answer = Answer to the ticket
answer-due = not on the ticket yet; tried again by itself
answer-claimed = being put on the ticket, or it is not known whether it is there
answer-sent = on the ticket
answer-not_set_up = no ticketing system is set up; answer the ticket yourself
answer-undeliverable = can't be put on the ticket; answer it yourself
answer-next = Next try
copy = Copy for the person
copy-words = { $n ->
    [one] 1 record
   *[other] { $n } records
  }
copy-expires = Deleted
copy-get = Get a link to the copy
receipt = Receipt
receipt-see = See the receipt
receipt-not-yet = There is a receipt once the request is closed.
sources-title = Data sources
select = Select
select-all-about = Decide on the selected data sources together:
select-proceed-erasure = Erase what was found…
select-proceed-access = Copy what was found…
select-refuse = Refuse…
events = What happened
events-earlier = { $n ->
    [one] 1 earlier event is not shown.
   *[other] { $n } earlier events are not shown.
  }
events-all = Show all
events-broken = The chain of events is broken at event { $n }: nothing after it is shown. Tell your platform engineer.
event-automatic = by itself
live = This page updates by itself.
live-updated = Updated
live-reload = Reload
found = Found
submitted = Submitted
confirmed = Confirmed
rules = Rules at the vendor
fact-takes = Takes
fact-has = Has
fact-searched = Searched
fact-reviewed = Decision
fact-decided = Decided by
fact-claim = The vendor says
fact-saw = We saw
fact-rounds = Rounds
fact-strangers = Strangers
fact-appeared = New records
fact-ended = Ended
fact-turn = Next
fact-next = Next try
fact-policy = Who decides
fact-run = Run
searched-spellings = { $n ->
    [one] 1 spelling asked
   *[other] { $n } spellings asked
  }
searched-marked = { $n ->
    [one] 1 record shows another identifier
   *[other] { $n } records show another identifier
  }
searched-set-aside = { $n ->
    [one] 1 record set aside
   *[other] { $n } records set aside
  }
searched-doubtful = { $n ->
    [one] 1 of them doubtful
   *[other] { $n } of them doubtful
  }
searched-part = the vendor doesn't say whether this is all
claim-deleted = it deleted them
claim-anonymised = it anonymised them
claim-not-stated = it finished, and doesn't say what it did
claim-none = nothing yet
saw-gone = no record of the person
saw-gone-control = no record of the person; the same search found the control's record
saw-gone-two-looks = no record of the person, twice in a row
saw-nothing-yet = nothing yet: not verified
saw-left = { $n ->
    [one] 1 submitted record still there, after { $looks ->
        [one] 1 look
       *[other] { $looks } looks
      }
   *[other] { $n } submitted records still there, after { $looks ->
        [one] 1 look
       *[other] { $looks } looks
      }
  }
rounds = { $n ->
    [one] 1 more, for records that a look found beyond the decision
   *[other] { $n } more, for records that looks found beyond the decision
  }
strangers = { $n ->
    [one] the vendor lists 1 record that was never submitted: somebody else's may be affected
   *[other] the vendor lists { $n } records that were never submitted: somebody else's may be affected
  }
appeared = { $n ->
    [one] 1 appeared that no decision covers; nothing was done to it
   *[other] { $n } appeared that no decision covers; nothing was done to them
  }
verdict-proceed = proceed
verdict-refuse = refuse: { $x }
verdict-left-out = leave out
verdict-stated = stated how it ended
policy-auto = the policy itself
policy-over = { $n ->
    [one] a person if there is more than 1 record
   *[other] a person if there are more than { $n } records
  }
policy-always = a person
kind-email = e-mail address
kind-phone = phone number
rule = Batch { $batch }, rule { $id }: { $confirmed } of { $records } confirmed. { $state }
rule-intent = Being sent, or its answer is missing.
rule-accepted = The vendor accepted it.
rule-awaiting-approval = It waits for the vendor's own approval, which nobody can give here.
rule-pending = The vendor works on it.
rule-finished = The vendor says it is done.
rule-status-unknown = The vendor gives a status that the connector doesn't know.
rule-not-sent = It certainly had no effect, and is sent again.
rule-rejected = The vendor rejected it; it had no effect.
rule-not-taken = The vendor didn't take it; a look shows whether its records are still there.
rule-gone = The vendor didn't take it, and a look found none of its records.
rule-unknown = It is not known whether it had an effect; a look comes before anything else.
rule-unreferenced = It was not answered, and a look found none of its records.
rule-left = It was not answered or not taken, and looks still find some of its records.
rule-repeated = It was not answered or not taken; a later batch names what was left of it.
remedy-person = Only you can move it on.
remedy-transient = It is tried again by itself.
remedy-misconfigured = Your platform engineer has to mend this; then it goes on by itself.
remedy-unknown = A look at the vendor comes before anything else.
code-unknown-to-us = Reason: { $x }

## Where a task stands

situation-missing_identifier = Missing identifier
situation-no_records_by_given = No records by the identifier given
situation-nothing_found_to_confirm = Nothing found: confirm, or give another identifier
situation-awaiting_review = Waiting for your decision
situation-not_searchable = Can't be searched now: tried again by itself
situation-searching = Searching
situation-decided = Decided, nothing sent yet
situation-submitting = Being sent to the vendor
situation-awaiting_approval = Waiting for the vendor's own approval
situation-submitted = The vendor works on it
situation-verifying = Checking that nothing is left
situation-copying = Copying
situation-handed_over = Needs your action: the reason says why
situation-unknown = Finding out what the vendor did
situation-verified_erased = Erased, and seen to be gone
situation-stated_erased = Erased, as a person says
situation-reported_erased = Erased, as the vendor says
situation-copied = Copied
situation-nothing_found = No records
situation-refused = Refused
situation-still_present = Failed: the records are still there
situation-stated_failed = Failed, as a person says
situation-left_out = Left out by a person: it could not be searched
situation-failed = Failed
situation-dry_run = Tried out, nothing done
situation-cancelled = Cancelled
situation-ended = Ended
outcome-verified_erased = erased, and seen to be gone
outcome-reported_erased = erased, as the vendor or a person says
outcome-copied = copied
outcome-nothing_found = no records
outcome-missing_identifier = its identifier is missing
outcome-refused = refused
outcome-still_present = the records are still there
outcome-failed = failed
outcome-dry_run = tried out, nothing done
outcome-cancelled = cancelled

## Acts

act-erase-records = { $n ->
    [one] Erase 1 record at { $x }
   *[other] Erase { $n } records at { $x }
  }
act-copy-records = { $n ->
    [one] Copy 1 record from { $x }
   *[other] Copy { $n } records from { $x }
  }
act-confirm-nothing = Confirm that there is nothing
act-insert-identifier = Insert identifier
act-another-identifier = Give another identifier
act-records = Which records
act-compare = Who they are about
act-reasons = Why it was decided
act-refuse = Refuse
act-leave-out = Leave out
act-run = Search again
act-state = State how it ended
act-cancel = Cancel the request
act-extend = Extend the deadline
act-reopen = Reopen
back = Back
cancel-link = Don't do it
save = Save
reason = Reason
reason-about = In your own words. It may name the person: it is sealed, and forgotten with them.
proceed-title-erasure = Erase what was found
proceed-title-access = Copy what was found
proceed-title-nothing = Confirm that there is nothing
proceed-about-erasure = This can't be undone. Rightful erases exactly these records, then looks again to see that they are gone.
proceed-about-access = Rightful copies exactly these records into one file for the person.
proceed-about-nothing = The search found no record of this person here. Confirm it, or go back and give another identifier.
proceed-go-erasure = { $n ->
    [one] Erase 1 record
   *[other] Erase { $n } records
  }
proceed-go-access = { $n ->
    [one] Copy 1 record
   *[other] Copy { $n } records
  }
proceed-at = { $n ->
    [0] no records at { $x }
    [one] 1 record at { $x }
   *[other] { $n } records at { $x }
  }
confirm-marked = { $n ->
    [one] 1 record at { $x } shows another identifier than the request's, and would be included. Look at it first (“Who they are about”), then type 1.
   *[other] { $n } records at { $x } show another identifier than the request's, and would be included. Look at them first (“Who they are about”), then type their number.
  }
confirm-set-aside = { $n ->
    [one] 1 record at { $x } was set aside although it contains the identifier, and would stay. Look at it first (“Who they are about”), then type 1.
   *[other] { $n } records at { $x } were set aside although they contain the identifier, and would stay. Look at them first (“Who they are about”), then type their number.
  }
refuse-title = Refuse
refuse-about = Nothing is done at the data sources below. The refusal stands on a legal ground, which the receipt names.
refuse-ground = Legal ground
refuse-go = Refuse
ground-art_17_3_a = freedom of expression and information, Art. 17(3)(a)
ground-art_17_3_b = a legal obligation or a task in the public interest, Art. 17(3)(b)
ground-art_17_3_c = public health, Art. 17(3)(c)
ground-art_17_3_d = archiving, research or statistics, Art. 17(3)(d)
ground-art_17_3_e = legal claims, Art. 17(3)(e)
ground-art_12_5 = manifestly unfounded or excessive, Art. 12(5)
leave-out-title = Leave out
leave-out-about = The request goes on without the data sources below. Their cards, the answer and the receipt say so.
leave-out-go = Leave out
identify-title = Insert identifier
identify-about = { $x } is searched again with it, at once. It is sealed, and forgotten with the person.
identify-kind = Kind
identify-value = Value
identify-example = for example { $x }
run-title = Search again
run-about = { $x } is searched again from the beginning, and what is found needs a decision of its own. The record of the earlier run stays.
run-go = Search again
state-title = State how it ended
state-about = Rightful can't find out what became of the records at { $x }. Find out yourself, for example from the vendor's support, and say so here. It is shown as your statement, never as verified.
state-erased = The records are erased
state-not-erased = The records are not erased, or it can't be found out
state-go = Save the statement
cancel-title = Cancel the request
cancel-about = Nothing was submitted yet, so nothing was erased or copied. The request closes as cancelled.
cancel-go = Cancel the request
extend-title = Extend the legal deadline
extend-about = The law allows one or two months more, once, and only during the first month (Art. 12(3) GDPR). The person must be told of it and of the reason.
extend-months = Months in all
extend-one = 1 month
extend-two = 2 months
extend-ground = Ground
extension-complexity = the request is complex
extension-number_of_requests = the person made many requests
extend-go = Extend
reopen-title = Reopen the request
reopen-about = The legal date stays. The data sources below run again; what they find needs a decision of its own.
reopen-all = If you select none, all run again that were not acted on.
reopen-go = Reopen
records-title = Which records
records-about = The ids that { $x } gives the records that were found. This showing is an event of the request.
records-none = There are no records.
records-of = { $n ->
    [one] 1 record in all
   *[other] { $n } records in all
  }
more = More
compare-title = Who the records are about
compare-about = Asked of { $x } now, and stored nowhere. This showing is an event of the request.
compare-found-by = found by { $x }
compare-covered = among those found
compare-new = new since the search
compare-gone = no longer there
compare-set-aside = set aside
compare-marked = shows another identifier
compare-doubtful = doubtful: contains the identifier
identifiers-title = The person's identifiers
identifiers-about = This showing is an event of the request.
identifiers-only = for { $x } alone
reasons-title = Why it was decided
reasons-about = This reading is an event of the request.
show = Show
show-about = Shows personal data, and is recorded as an event of the request.
copy-title = Copy for the person
copy-about = The link works until { $x } and for anybody who has it. Check the identity of the person before you send them the copy.
copy-download = Download the copy
copy-digest = SHA-256
receipt-title = Receipt
receipt-verified = The receipt is signed by this deployment, and unchanged.
receipt-sandbox = The receipt is signed and unchanged, but proves nothing: a vendor on this machine was allowed.
receipt-not-verified = The receipt can't be verified: it was changed, or signed by another key. Tell your platform engineer.
receipt-outcome = Outcome
receipt-issued = Issued by stage
receipt-rests = Rests on events
receipt-offline = Anybody who has the public key can verify the file offline: `rightful receipt verify`.
receipt-ground = Legal ground: { $x }
receipt-found = { $n ->
    [0] Searched at { $at }: no records
    [one] Searched at { $at }: 1 record
   *[other] Searched at { $at }: { $n } records
  }
receipt-not-searched = Not searched
receipt-decided = Decided by { $who }
receipt-submitted = Submitted: { $submitted }; the vendor confirms: { $confirmed }
receipt-verified-at = A later search found no record of the person: { $at }
receipt-left = { $n ->
    [one] The last look still found 1 submitted record
   *[other] The last look still found { $n } submitted records
  }
receipt-download = Download the receipt
receipt-closing = Closing
done-identify = Saved. The data source is searched again.
done-proceed = Decided. It goes on by itself.
done-refuse = Refused.
done-leave-out = Left out.
done-run = The data source is searched again.
done-state = Your statement is saved.
done-cancel = The request is cancelled.
done-extend = The deadline is extended.
done-reopen = The request is open again.
done-new = The request is made.
done-new-before = This request was made before; nothing was added.

## Events

event-received = { $right } received from { $origin }, for { $n ->
    [one] 1 data source
   *[other] { $n } data sources
  }
event-received-dry-run = { $right } received from { $origin } as a dry run, for { $n ->
    [one] 1 data source
   *[other] { $n } data sources
  }
event-received-synthetic = { $right } made by the deployment itself ({ $origin }), for { $n ->
    [one] 1 data source
   *[other] { $n } data sources
  }
event-delivery-conflict = The same delivery came again through { $source } with other content, and was refused
event-delivery-repeated = The same demand came again through { $source } after the request had closed; nothing ran for it
event-attempt-begun = Workflow attempt { $n } began
event-attempt-ended = Workflow attempt { $n } ended: { $how }
event-attempt-ended-at = The workflow of { $source } ended: { $how }
end-failed = it failed, or left something open
end-timed_out = it ran longer than it may
end-aborted = somebody stopped it
event-deadline-extended = { $n ->
    [one] Deadline extended by 1 month: { $ground }
   *[other] Deadline extended by { $n } months: { $ground }
  }
event-escalated = { $level }. { $who } must act: { $reason }
level-none = The legal date is more than seven days away
level-at_risk = The legal date is seven days away or less
level-pressing = The legal date is three days away or less
level-overdue = The legal date has passed
duty-platform_engineer = the platform engineer
duty-privacy_officer = the privacy officer
event-targeted = The target of { $source } is { $target }
event-target-changed = The data source { $source } now points elsewhere: it is searched and decided on again
event-found = { $n ->
    [0] Searched { $source }: no records
    [one] Searched { $source }: 1 record
   *[other] Searched { $source }: { $n } records
  }
event-went-back = { $n ->
    [one] A look at { $source } found 1 record beyond the decision: it is decided on
   *[other] A look at { $source } found { $n } records beyond the decision: they are decided on
  }
event-left-out = Left out { $source }, which can't be searched
event-identifiers-shown = { $n ->
    [one] 1 identifier of the person was shown
   *[other] { $n } identifiers of the person were shown
  }
event-reason-read = The reason of the decision on { $source } was read
event-decided = { $n ->
    [one] Decided to act on 1 record at { $source }
   *[other] Decided to act on { $n } records at { $source }
  }
event-review-needed = { $n ->
    [one] 1 record at { $source } needs a decision by { $policy }
   *[other] { $n } records at { $source } need a decision by { $policy }
  }
event-review-needed-for-nothing = A person is needed for { $source }: there is nothing to act on
event-reviewed = { $n ->
    [0] Decision on { $source }: { $verdict }
    [one] Decision on 1 record at { $source }: { $verdict }
   *[other] Decision on { $n } records at { $source }: { $verdict }
  }
event-reviewed-nothing = Decision on { $source }: there is nothing, or it is left out
event-identifier-given = Identifier given for { $source }: { $kind }
event-runs-again = Run { $n } of { $source } began
event-called-off = The request was cancelled
event-reopened = The request was reopened for { $source }
event-stated = Stated about { $source }: { $outcome }
event-records-shown = { $n ->
    [one] The id of 1 record at { $source } was shown
   *[other] The ids of { $n } records at { $source } were shown
  }
event-records-compared = { $n ->
    [one] 1 record at { $source } was shown with its fields
   *[other] { $n } records at { $source } were shown with their fields
  }
event-copied = { $n ->
    [one] 1 record copied from { $source }
   *[other] { $n } records copied from { $source }
  }
event-copy-lost = The part of the copy from { $source } can't be packed and is copied again: { $reason }
event-copy-kept = { $n ->
    [one] The copy is stored, with 1 record
   *[other] The copy is stored, with { $n } records
  }
event-copy-linked = A link to the copy was given
event-intended = { $n ->
    [one] Batch { $batch } with 1 record is about to be sent to { $source }
   *[other] Batch { $batch } with { $n } records is about to be sent to { $source }
  }
event-accepted = Batch { $batch } was accepted by { $source } as rule { $rule }
event-doubted = The answer of { $source } to batch { $batch } is in doubt: { $reason }
event-strangers = { $n ->
    [one] The vendor of { $source } lists 1 record that was never submitted
   *[other] The vendor of { $source } lists { $n } records that were never submitted
  }
event-not-sent = Batch { $batch } did not reach { $source }: { $reason }
event-rejected = Batch { $batch } was rejected by { $source }: { $reason }
event-became-unknown = It is not known what { $source } did: { $reason }
event-resolved = A look at { $source } told: { $gone } gone, { $left } still there
event-handed-over = The data source { $source } was handed to a person: { $reason }
event-searches-again = The data source { $source } is searched again: another request about the person has ended there
event-finished = { $n ->
    [one] The vendor of { $source } says it is done, and lists 1 record
   *[other] The vendor of { $source } says it is done, and lists { $n } records
  }
event-looked = A look at { $source }: { $left } of the records still there, { $appeared } new
event-still-there = { $n ->
    [one] A look at { $source } still found 1 submitted record
   *[other] A look at { $source } still found { $n } submitted records
  }
event-settled = The task at { $source } ended: { $outcome }.
event-closed = The request closed: { $x }
event-receipt-kept = The receipt is signed and stored
event-receipt-differs = An earlier receipt is stored and stays valid
event-forgotten = The person was forgotten: their key is deleted
event-answer-claimed = The answer is about to be put on the ticket
event-answer-sent = The answer is on the ticket
event-answer-not-sent = The answer is not on the ticket yet: { $reason }
event-answer-in-doubt = It is not known whether the answer is on the ticket: { $reason }
event-answer-undeliverable = The answer can't be put on the ticket: { $reason }

## A new request

new-right = What the person asks for
new-erasure-about = their data is erased
new-access-about = they get a copy of their data
new-sources-about = Select none to ask all of them.
new-received = The person asked on
new-received-about = Leave it empty for today. The legal month counts from here.
new-reference = Ticket's reference
new-reference-about = Leave it empty if there is no ticket. Write no name and no address.
new-dry-run = Dry run
new-dry-run-about = searches, and erases or copies nothing
new-no-sources = No data source is connected and enabled: connect one first.
new-go = Make the request

## One act on several requests

bulk-about = With the selected requests:
bulk-proceed = Act on what was found…
bulk-refuse = Refuse…
bulk-extend = Extend the deadline…
bulk-fit = { $n ->
    [0] This fits none of the { $of } selected requests.
    [one] This fits 1 of the { $of } selected requests.
   *[other] This fits { $n } of the { $of } selected requests.
  }
bulk-fits = { $x }: { $n ->
    [0] yes
    [one] yes, 1 record
   *[other] yes, { $n } records
  }
bulk-does-not-fit = { $x }: not possible now, so nothing is done to it
bulk-reached = { $n ->
    [0] None of { $of } requests was reached.
    [one] 1 of { $of } requests was reached.
   *[other] { $n } of { $of } requests were reached.
  }

## Reasons

# The reasons of tasks

code-answer_never_came = an erasure was sent and its answer never came: nobody knows whether the vendor did it
code-batch_size_wrong = a batch holds no record or more than the data source takes
code-decision_does_not_fit = the records to be submitted are not exactly those that were decided on, so nothing was sent
code-dry_run_not_asked = the vendor took a real request for a dry run
code-dry_run_not_confirmed = the vendor's answer doesn't say that it is a dry run: the records may be erased
code-dry_run_unsupported = this connector has no dry run of the vendor's own
code-awaiting_review = a person has to decide on what was found
code-identifier_missing = the request has no identifier of a kind that this data source searches by
code-nothing_found_to_confirm = nothing was found, and a person confirms it before anything closes
code-left_out_by_a_person = a person left out a data source that could not be searched
code-source_moved = the data source has another target since it was searched
code-task_over = nothing is left to decide there, so the vendor is not asked about its records any more
code-identifier_found_nothing = the identifier given for this data source finds nothing there
code-missing_identifier = the request has no identifier of a kind that this data source searches by
code-records_gone = records that were decided on were gone before they could be copied or erased
code-refused_by_reviewer = a reviewer refused it on a legal ground
code-stated_by_a_person = a person found out how it ended, and said so; nothing verified it
code-gone_in_dry_run = records are gone although the vendor was asked for a dry run
code-not_all_confirmed = the vendor's finished rule lists fewer records than were submitted
code-record_id_unusable = a record's id is not of the type that the vendor's ids have
code-right_not_supported = this connector can't fulfil that right
code-right_unsupported = this connector can't fulfil that right
code-rule_id_unusable = the stored rule id can't be asked about
code-rule_not_found = the vendor doesn't know the rule that it opened
code-records_keep_appearing = each look found records that no decision covers, three rounds in a row
code-second_look = a look found nothing, and a second one, a minute later, has to confirm it
code-set_aside_doubtful = the look set a record aside that holds the identifier as a part of its value: it may be the person's
code-strangers_listed = the vendor's finished rule lists records that were never submitted: somebody else's records may be affected
code-searched_only = it was a dry run and the vendor has none of its own, so it was searched and nothing else
code-other_request_in_progress = another request about the same person is being fulfilled at this data source
code-reference_missing = the vendor never answered, and a search found that its effect is there: there is no rule to ask about
code-repeats_used_up = the records were submitted four times, and are still found
code-still_present = the vendor says it is done, yet submitted records are still found
code-too_many_records = the search found more records than one person can have, so nothing was submitted
code-person_forgotten = the person of this request is forgotten, so it can't be worked on

# A legal date that is near

code-in_time = the legal date is more than seven days away
code-outcome_unknown = nobody knows yet whether the vendor did it
code-request_not_closed = every data source has its outcome, and yet the request isn't closed
code-task_not_moved = a task makes no progress, and no code says why
code-vendor_at_work = the vendor works on it and has not finished

# Acts that a request's state forbids

code-receipt_not_found = there is no such receipt: each closing of a request has one, counted from 0
code-request_closed = the request is closed, or about to be
code-request_open = the request is open

# The end of an execution

code-attempt_not_current = the execution belongs to an earlier attempt
code-end_known = the end of that execution was recorded before
code-not_our_execution = the execution is not one of ours

# The set-up of a data source

code-control_not_found = the search did not find the data source's control, so that a search that finds nothing proves nothing
code-target_lost = no version of the secret belongs to the target that the task was searched at, so it can't be asked any more
code-target_in_use = open tasks at this data source could not go on as they are, so nothing was changed
code-connector_unknown = the deployed functions don't have this connector
code-parameter_wrong = a parameter of the data source is missing or wrong
code-secret_missing = the data source's secret isn't there
code-secret_unreadable = the data source's secret isn't the JSON object that the connector describes
code-secret_is_not_text = the secret is binary
code-secret_unavailable = the secret could not be read in time
code-source_not_found = there is no such data source
code-received_at_malformed = the day is in the future, or more than 366 days ago
code-too_many_sources = one request can't go to so many data sources

# Calls to a vendor

code-credentials_rejected = the vendor doesn't accept the token
code-vendor_address_forbidden = the vendor's host name leads to a private address, which is never called
code-vendor_answer_incomplete = the vendor's answer says that there is more, or may not be whole, so it counts for nothing
code-vendor_answer_too_large = the vendor's answer about this person is larger than the connector allows, so nothing is concluded from it
code-vendor_answer_unexpected = the vendor answered with a status that the connector doesn't expect
code-vendor_answer_unreadable = the vendor's answer is not what the connector describes
code-vendor_bad_request = the vendor rejected the call as invalid (400)
code-vendor_conflict = the vendor says that the call conflicts with another one (409)
code-vendor_connection_lost = the connection to the vendor broke before its answer came
code-vendor_deadline_passed = the vendor had not finished by the connector's deadline
code-vendor_forbidden = the vendor doesn't let this account do that (403)
code-vendor_gone = the vendor says that the address that was called is gone (410)
code-vendor_host_forbidden = the connector doesn't list that host, so it is never called
code-vendor_not_found = the vendor says there is no such thing (404)
code-vendor_out_of_time = there was no time left to call the vendor
code-vendor_record_unreadable = one of this person's records in the vendor's answer has no id that can be read, so nothing is concluded from it
code-vendor_redirected = the vendor answered with a redirect, which is never followed
code-vendor_refused = the vendor refused the call
code-vendor_request_unusable = the request to the vendor could not be made of the connector and its parameters
code-vendor_server_error = the vendor's server failed (5xx)
code-vendor_status_unknown = the vendor gives a status that the connector doesn't know; it never counts as success
code-vendor_throttled = the vendor asks us to slow down (429)
code-vendor_timed_out = the vendor didn't answer in time
code-vendor_unprocessable = the vendor can't work with what was sent (422)
code-vendor_unreachable = the vendor can't be reached

# Calls that Rightful holds back itself

code-circuit_open = the vendor failed again and again, so it is left alone for a while
code-quota_spent = the data source's calls of the day are used up; they go on at midnight UTC
code-rate_limited = the call is held back, so that the vendor's limit is kept

# The answer to a ticket

code-answer_unwritable = the answer to the ticket can't be written
code-ticket_answer_gave_up = the ticket could not be answered for 30 days; whether a comment is there is not known for certain
code-ticket_busy = somebody else changed the ticket at the same moment
code-ticket_forbidden = the ticketing system doesn't let this user change the ticket (403)
code-ticket_not_found = there is no such ticket (404): it was deleted, or the reference is another system's
code-ticket_not_updatable = the ticket can't be changed (422): it is closed, full, or a field is missing that it needs
code-ticket_reference_missing = the request names no ticket
code-ticket_reference_unusable = the reference is no ticket number, such as 35436, #35436, ZD-35436 or ZD-35436-2
code-ticket_refused = the ticketing system refused the answer
code-ticket_too_long = the ticket has more comments than can be looked through, so nobody can tell whether the answer is there
code-ticketing_not_set_up = no ticketing system is set up, so the ticket is not answered
code-ticketing_secret_unreadable = the ticketing system's secret is not what it should be
code-ticket_unreceived = a ticket carries the tag of a demand, and no delivery of it ever came

# Forms that are refused

code-body_malformed = a member of the body is unknown, missing or wrong; the message names it
code-body_too_large = the body is larger than 256 KiB
code-body_unreadable = the body is marked as base64 and is not base64
code-copy_not_there = there is no copy; the message says why
code-ground_does_not_stand = Art. 17(3) is a ground against erasure only
code-ground_missing = a refusal needs a ground
code-ground_out_of_place = only a refusal has a ground
code-id_malformed = the id in the path is malformed
code-identifier_kind_unknown = no data source of the request is searched by this kind
code-identifier_malformed = the value is not valid for its kind, or could be read in two ways; the message says what to write
code-identifier_none = no identifier is given, or none has a value
code-identifier_not_missing = the data source does not lack its identifier and can be searched: it can't be left out
code-identifier_not_taken = the data source is not searched by this kind, or does not take this value
code-key_conflict = the key was sent before with other content; the message names the request that it made
code-key_malformed = the key is too long or contains a character that it may not
code-marked_not_confirmed = some records show another value than the request's: confirm how many
code-misconfigured = the deployment itself is at fault; `cause` says why
code-months_malformed = a deadline is extended by one or two months
code-not_access = an erasure makes no copy
code-not_awaiting_review = the task does not wait for a decision. If somebody decided already, the message says who
code-not_erasure = the request is for access: nothing is erased for it
code-not_handed_over = only the end of a task that was handed to a person, or that can't be searched, can be stated
code-not_longer = the deadline is extended by as much already
code-nothing_to_change = the data source is set up like this already
code-nothing_to_do = every data source was acted on
code-nothing_to_show = there is nothing to show yet
code-parameter_malformed = a query parameter is unknown, given twice, or wrong
code-reason_malformed = the reason is empty or longer than 1,000 characters
code-records_changed = the data source was searched again after you looked
code-request_synthetic = the deployment made the request itself, to see that everything works: this can't be done to it
code-searched_at_missing = nothing was found, or there are doubtful records, and the body does not say which search you saw: give `searched_at` as it is shown
code-set_aside_not_confirmed = some records that were set aside may be the person's: confirm how many are not
code-set_up_wrong = a parameter, a field of the secret or the control is wrong or missing; the details say which
code-source_changed = somebody else changed the data source at the same time
code-source_disabled = the data source is disabled
code-source_exists = a data source with this id exists already
code-source_in_use = open requests go to the data source
code-source_none = no data source is connected, or none is enabled
code-source_not_in_request = the request does not go to this data source
code-source_unknown = there is no such data source
code-sources_malformed = no data source is named, or one is named twice
code-submitted = something was submitted already
code-too_late = the first month is over
code-too_many_identifiers = there are more than 20 identifiers
code-unavailable = a temporary failure: try again
code-under_way = a submission is under way, or nobody knows how it ended
code-sign_in_links_off = the deployment makes no links for signing in
code-body_not_json = the body is not one JSON object
code-copy_expired = the copy is deleted: its time is over
code-request_not_found = there is no such request

# What Rightful stores, and AWS

code-copy_part_missing = what a data source gave for the copy isn't there any more, or isn't all of it
code-copy_part_unreadable = what a data source gave for the copy doesn't open
code-data_key_unusable = the request's data key is not one
code-identifiers_unreadable = the request's identifiers don't open
code-records_do_not_fit = the record ids that are kept are not as many as were found, so a look would prove nothing
code-records_unreadable = the request's record ids don't open
code-row_unreadable = a row of the store can't be read
code-secret_denied = AWS doesn't let the caller use the secret
code-secret_rejected = Secrets Manager rejected a call as invalid
code-secrets_unavailable = Secrets Manager can't be reached
code-kms_denied = AWS doesn't let the caller use the KMS key
code-kms_key_missing = the KMS key isn't there
code-kms_rejected = KMS rejected a call as invalid
code-kms_unavailable = KMS can't be reached
code-key_table_denied = AWS doesn't let the caller use the table of keys
code-key_table_missing = the table of keys isn't there
code-key_table_rejected = DynamoDB rejected a call to the table of keys as invalid
code-key_table_unavailable = the table of keys can't be reached

## What to do, where the sentences for all reasons say too little

remedy-answer_never_came = Look in the vendor's own console what became of it, then state how it ended.
remedy-control_not_found = The control's record has to be entered at the vendor again; then it goes on by itself.
remedy-credentials_rejected = The right token has to be entered; then it goes on by itself. As long as it can't be searched, you can also leave the data source out.
remedy-identifier_found_nothing = Give another identifier, or leave the data source out.
remedy-left_out_by_a_person = Tell the person that this data source was not searched.
remedy-records_gone = Tell the person, or search again for what is there now.
remedy-refused_by_reviewer = Tell the person the legal ground.
remedy-set_aside_doubtful = Look in the vendor's own console whether that record is the person's, and have it erased there; then state how it ended.
remedy-still_present = Looks go on by themselves for a while. If they keep finding records, ask the vendor why.
remedy-strangers_listed = Look at the rule in the vendor's own console today: it may be a breach of other people's data.

## The overview and the journal

nav-overview = Overview
overview = Overview
overview-at = Counted
overview-zone = Months and weeks are those of { $x }.
overview-read-all = { $n ->
    [0] No request has closed yet.
    [one] The only closed request is counted.
   *[other] All { $n } closed requests are counted.
  }
overview-read-some = { $n ->
    [one] Counted over the last closed request, which arrived on
   *[other] Counted over the last { $n } closed requests, which arrived since
  }
overview-not-counted = Requests that arrived earlier and are closed are not counted: they are too many, or too old.
overview-table = Table
overview-all = All
overview-requests = Requests
overview-none-waits = { $n ->
    [0] none
    [one] 1 data source of a request
   *[other] { $n } data sources of requests
  }
overview-waits = { $n ->
    [one] 1 data source of a request, for { $x }
   *[other] { $n } data sources of requests, the first for { $x }
  }
overview-open-title = Open requests
overview-oldest = The person who has waited longest asked { $x } ago.
overview-turn-unknown = Finding out what the vendor did
overview-age-name = Age
overview-age-under = under { $n } days
overview-age = { $from } to { $to } days
overview-age-over = { $n } days or more
overview-due-title = Legal deadlines ahead
overview-due = { $overdue ->
    [0] No request is overdue
    [one] 1 request is overdue
   *[other] { $overdue } requests are overdue
  }; { $week } due in the rest of this week, { $weeks } in the five weeks after it, { $later } later.
overview-due-none = No request is open, so none is due.
overview-due-name = Due
overview-overdue = overdue
overview-this-week = this week
overview-week = week of { $day } { $x }
overview-later = later
overview-outcomes-title = How requests ended
overview-closed = { $n ->
    [0] No request has closed in the last twelve months.
    [one] 1 request has closed in the last twelve months.
   *[other] { $n } requests have closed in the last twelve months.
  }
overview-end-good = Fulfilled, or nothing found
overview-end-part = Partly fulfilled, or refused
overview-end-bad = Failed
overview-end-none = Tried out, or cancelled
overview-month-name = Month
overview-month = { $x } { $year }
overview-month-partial = { $x } { $year }, in part
month-1 = Jan
month-2 = Feb
month-3 = Mar
month-4 = Apr
month-5 = May
month-6 = Jun
month-7 = Jul
month-8 = Aug
month-9 = Sep
month-10 = Oct
month-11 = Nov
month-12 = Dec
overview-time-title = Time to close
overview-time = Half of them closed within { $half }, nine in ten within { $most }.
overview-time-about = From the day on which the person asked to the closing.
overview-median = Half of them within
overview-ninetieth = Nine in ten within
overview-sources-title = Records by data source
overview-sources-none = These requests asked no data source, dry runs apart.
overview-sources = { $found ->
    [0] No record was found
    [one] 1 record was found
   *[other] { $found } records were found
  } at { $sources ->
    [one] 1 data source
   *[other] { $sources } data sources
  }, { $confirmed } confirmed.
overview-sources-about = Confirmed: the vendor states that it treated them, or they were copied. Dry runs are left out.
overview-sources-left = { $n ->
    [one] 1 more data source stands in the table.
   *[other] { $n } more data sources stand in the table.
  }
overview-unconfirmed = Found, not confirmed
overview-health-title = Health
overview-reconcile = Waiting for the reconciliation
overview-reconcile-due = { $n ->
    [0] nothing: whatever was due has been looked at
    [one] 1 item, since
   *[other] { $n } items, the first since
  }
overview-synthetic = Last synthetic request
overview-synthetic-none = none among the requests that were read
overview-synthetic-good = ended as it must
overview-synthetic-bad = did not end as it must: { $x }
overview-synthetic-open = still open, made
overview-synthetic-see = See it
overview-unknown = Outcome unknown
overview-review = Waiting for a decision
overview-identifiers = Waiting for an identifier
overview-forgetting = People to be forgotten
overview-forgetting-late = { $n ->
    [0] none is late
    [one] 1 is late by more than a day
   *[other] { $n } are late by more than a day
  }
overview-answers = Answers to tickets
overview-answers-words = { $owed } not on their ticket yet, { $never } that can't be put there
overview-unknowable = Not stored, so not known here: when the reconciliation last ran, deliveries of tickets that were refused or never received, and calls of vendors and functions that failed. If an item has waited for the reconciliation for much longer than its schedule, it does not run, has too much to do, or can't bring that item forward.
overview-dashboard = Dashboard in AWS
journal = Journal
journal-about = What operators did to the deployment itself: data sources and ticketing. Acts on a request stand on its page.
journal-kind = What
journal-who = Who
journal-who-other = somebody who is not among the entries below
journal-none-at-all = Nobody has set up anything yet.
journal-none = No entry fits.
journal-none-yet = { $n ->
    [one] The newest entry doesn't fit.
   *[other] None of the { $n } entries that were read fits.
  }
journal-read = { $n ->
    [one] 1 entry was read for this.
   *[other] { $n } entries were read for this.
  }
journal-further = Look further back
journal-older = Older entries
journal-newest = Newest entries
journal-download = Download as CSV
journal-download-about = What the filter leaves of up to { $n } entries, from the newest on this page back.
journal-csv-number = number
journal-csv-at = at
journal-csv-who = who
journal-csv-actor = actor
journal-csv-kind = kind
journal-csv-about = about
journal-csv-what = what
entry-kind-source_added = connected a data source
entry-kind-source_changed = changed a data source
entry-kind-source_review_set = set review policies
entry-kind-source_enabled = enabled a data source
entry-kind-source_disabled = disabled a data source
entry-kind-source_tested = tested a data source
entry-kind-source_removed = removed a data source
entry-kind-ticketing_set = set up ticketing
entry-source_added = Data source { $source } was connected: { $what }
entry-source_changed = Data source { $source } was changed: { $what }
entry-source_review_set = The review policies of { $source } were set: { $what }
entry-source_enabled = Data source { $source } was enabled: new requests ask it
entry-source_disabled = Data source { $source } was disabled: new requests leave it out
entry-source_tested = Data source { $source } was tested: it works
entry-source_tested-not = Data source { $source } was tested: { $what }
entry-source_removed = Data source { $source } was removed, with its secret
entry-ticketing_set = How tickets of { $x } are answered was set up or changed
entry-with-control = with a control
entry-params = parameters { $x }
entry-secret = a new secret
entry-control = another control, or none
entry-target = now at { $x }
entry-forced = { $n ->
    [0] forced
    [one] forced, although 1 open task could not go on as before
   *[other] forced, although { $n } open tasks could not go on as before
  }
entry-policies = erasure decided by { $erasure }; access decided by { $access }
entry-policy-deployment = the deployment's policy
