### The words of the console's pages in German. The names, and what stands in braces, are those of en.ftl.
###
### Each English term has one German word:
###
### access: Auskunft
### answer to the ticket: Antwort am Ticket
### attempt: Versuch
### batch: Paket
### cancel: abbrechen
### close: abschließen
### connector: Konnektor
### control: Kontrolldatensatz
### copy: Kopie
### data source: Datenquelle
### deadline, legal date: Frist, Fristende
### decision, to decide: Entscheidung, entscheiden
### delivery: Zustellung
### deployment: Installation
### doubtful: zweifelhaft
### dry run: Probelauf
### erase, erasure: löschen, Löschung
### event: Ereignis
### extend: verlängern
### forget: vergessen
### ground: Rechtsgrund (of a refusal), Grund (of an extension)
### hand over to a person: einem Menschen übergeben
### identifier: Kennung
### journal: Protokoll
### leave out: auslassen
### look: Nachsuche
### missing identifier: Kennung fehlt
### person, data subject: betroffene Person
### person, anybody who decides: Mensch
### platform engineer: IT-Betrieb
### policy: Vorgabe
### privacy officer: Datenschutz
### proceed: ausführen
### reason: Begründung (of a decision), Grund (a code)
### receipt: Beleg
### reconciliation: Abgleich
### record: Datensatz
### reference: Referenz
### refuse, refusal: ablehnen, Ablehnung
### reject: zurückweisen
### reopen: wieder öffnen
### request: Antrag
### review: Prüfung
### right: Recht
### role: Rolle
### round: Runde
### rule: Regel
### run: Durchlauf
### search, search again: suchen, neu suchen
### secret: Zugangsdaten
### session: Sitzung
### set aside: aussortieren
### sign-in service: Anmeldedienst
### state how it ended, statement: Ausgang angeben, Angabe
### submit, send: senden
### submission: Auftrag
### synthetic request: Testantrag
### target: Ziel
### task: Aufgabe
### ticketing system: Ticketsystem
### vendor: Anbieter
### verified: nachgewiesen
### workflow: Ablauf

## The frame

skip = Zum Inhalt springen
nav = Seiten
nav-requests = Anträge
nav-new = Neuer Antrag
nav-journal = Protokoll
role-viewer = Ansicht
role-operator = Bearbeitung
role-reviewer = Prüfung
role-administrator = Verwaltung
sign-out = Abmelden
footer-times = Alle Zeiten in
contact-lost = Seit { $x } kein Kontakt zum Server. Diese Seite ist vielleicht nicht mehr aktuell.
contact-signed-out = Sie sind abgemeldet. Melden Sie sich in einem neuen Fenster wieder an, und kehren Sie dann hierher zurück.
trouble = Es gibt ein Problem

## Signing in

sign-in = Anmelden
sign-in-link-only = Wer Zugang zur API dieser Installation hat, stellt Ihnen einen Link aus, mit dem Sie sich einmal anmelden: „rightful console“ gibt einen aus.
sign-in-none = Diese Installation stellt keine Anmeldelinks aus. Arbeiten Sie mit dem Befehl „rightful“.
sign-in-as = Als { $x } anmelden
sign-in-link-title = Mit einem Link anmelden
sign-in-link-about = Dieser Link wirkt nur einmal.
sign-in-link-over = Dieser Link wurde schon benutzt, ist abgelaufen oder wurde durch einen neueren ersetzt. Bitten Sie um einen neuen.
signed-out = Sie sind abgemeldet
signed-out-about = Alle Ihre Sitzungen sind beendet, in jedem Browser.
session-over = Ihre Sitzung ist abgelaufen
session-over-about = Es wurde nichts ausgeführt. Melden Sie sich in einem neuen Fenster wieder an; was Sie eingegeben haben, steht unten. Senden Sie es dann noch einmal.
session-over-secret = Geben Sie die Zugangsdaten noch einmal ein; hier werden sie nicht angezeigt.
session-over-new-window = In einem neuen Fenster anmelden
session-over-send = Noch einmal senden
session-over-typed = Was Sie eingegeben haben

## Errors

not-found = Seite nicht gefunden
not-found-about = Diese Seite gibt es nicht, oder was sie zeigte, ist nicht mehr da: der Antrag oder die Datenquelle.
forbidden = Das dürfen Sie nicht
forbidden-about = Ihre Rolle umfasst das nicht. Die Verwaltung kann Ihnen eine andere Rolle geben.
failed = Das hat nicht geklappt
failed-about = Nichts ging verloren. Versuchen Sie es gleich noch einmal. Wenn es dabei bleibt, nennen Sie Ihrem IT-Betrieb den Code unten.
failed-code = Code: { $x }
form-stale = Dieses Formular war zu lange offen oder gehört jemand anderem
form-stale-about = Es wurde nichts ausgeführt. Gehen Sie zurück, laden Sie die Seite neu, und versuchen Sie es noch einmal.
host-wrong = Falsche Adresse
host-wrong-about = Unter dieser Adresse gibt es diese Seiten nicht.
back-to-requests = Zurück zu den Anträgen
back-to-request = Zurück zum Antrag
error-role_missing = Ihre Rolle erlaubt das nicht.

## Times and numbers

span-seconds = { $n ->
    [one] 1 Sekunde
   *[other] { $n } Sekunden
  }
span-minutes = { $n ->
    [one] 1 Minute
   *[other] { $n } Minuten
  }
span-hours = { $n ->
    [one] 1 Stunde
   *[other] { $n } Stunden
  }
span-days = { $n ->
    [one] 1 Tag
   *[other] { $n } Tage
  }
due-left = noch { $x }
due-over = { $x } überfällig
records-found = { $n ->
    [0] keine Datensätze gefunden
    [one] 1 Datensatz gefunden
   *[other] { $n } Datensätze gefunden
  }
or = { $first } oder { $last }
by = { $what } ({ $who })

## The list of requests

requests = Anträge
requests-open = { $n ->
    [0] Kein Antrag ist offen.
    [one] 1 Antrag ist offen
   *[other] { $n } Anträge sind offen
  }
requests-wait = { $n ->
    [0] keiner wartet auf Sie
    [one] 1 wartet auf Sie
   *[other] { $n } warten auf Sie
  }
requests-overdue = { $n ->
    [0] keiner ist überfällig
    [one] 1 ist überfällig
   *[other] { $n } sind überfällig
  }
requests-none = Kein Antrag passt.
requests-none-at-all = Kein Antrag ist offen. Neue kommen aus Ihrem Ticketsystem oder über „Neuer Antrag“.
requests-none-yet = Von den neuesten Anträgen passt keiner.
requests-further = Weiter zurück suchen
requests-next = Nächste Seite
requests-first = Erste Seite
filter = Filter
filter-state = Stand
filter-state-open = offen, dringendste zuerst
filter-state-closed = abgeschlossen
filter-state-all = alle, neueste zuerst
filter-person = Wartet auf einen Menschen
filter-due = Frist
filter-due-any = beliebig
filter-due-0 = überfällig
filter-due-3 = innerhalb von 3 Tagen
filter-due-7 = innerhalb von 7 Tagen
filter-due-14 = innerhalb von 14 Tagen
filter-right = Recht
filter-any = alle
filter-source = Datenquelle
filter-reference = Referenz des Tickets oder ID des Antrags
filter-show = Anzeigen
filter-clear = Zurücksetzen
find = Anträge einer betroffenen Person suchen
find-about = Gesucht wird nach einer Kennung der betroffenen Person. Die Kennung steht im Inhalt des Aufrufs, nie in einer Webadresse. Anträge vergessener Personen werden nicht gefunden.
find-kind = Art
find-value = Kennung
find-go = Suchen
find-results = Anträge dieser betroffenen Person
find-none = Kein Antrag nennt diese Kennung als erste.
request-name = { $right } …{ $x }
request-name-reference = { $right } { $x }
right-erasure = Löschung
right-access = Auskunft
request-open = Offen
request-closed = Abgeschlossen
request-outcome-fulfilled = Erfüllt
request-outcome-partly_fulfilled = Teilweise erfüllt
request-outcome-nothing_found = Nichts gefunden
request-outcome-refused = Abgelehnt
request-outcome-failed = Gescheitert
request-outcome-dry_run = Probelauf beendet
request-outcome-cancelled = Abgebrochen
turn-person = Wartet auf einen Menschen
turn-workflow = Läuft von selbst weiter
turn-vendor = Der Anbieter arbeitet daran
turn-reconcile = Der nächste Abgleich nimmt es wieder auf
trial-synthetic = Testantrag für eine Testadresse
trial-dry-run = Probelauf
progress-sources = { $settled } von { $all } Datenquellen erledigt
progress-missing = { $n ->
    [one] 1 Kennung fehlt
   *[other] { $n } Kennungen fehlen
  }
progress-review = { $n ->
    [one] 1 Entscheidung offen
   *[other] { $n } Entscheidungen offen
  }
progress-unknown = { $n ->
    [one] 1 Ausgang unbekannt
   *[other] { $n } Ausgänge unbekannt
  }
row-sources = Datenquellen

## One request

request = Antrag
request-id = ID
request-identifiers = Kennungen
request-reference = Ticket
request-origin = Eingegangen über
request-received = Antrag gestellt
request-arrived = Hier eingegangen
request-due = Gesetzliche Frist
request-due-rests = gerechnet ab { $x }, Zeitzone { $zone }
request-extended = Verlängert
request-extended-words = { $n ->
    [one] um 1 Monat: { $ground }
   *[other] um { $n } Monate: { $ground }
  }
request-cancel = Abbrechen
request-cancel-possible = Noch möglich: Es wurde noch nichts gesendet.
request-cancel-too-late = Nicht mehr möglich: Es wurde etwas gesendet, oder alles ist beendet.
request-next = Nächste Bearbeitung
request-closed-at = Abgeschlossen
request-forget = Die betroffene Person wird vergessen
request-forgotten = Die betroffene Person wurde vergessen
request-not-asked = Verbunden, aber nicht gefragt
request-repeats = Seither erneut gestellt
request-repeats-words = { $n ->
    [one] einmal; dafür wurde nichts ausgeführt
   *[other] { $n }-mal; dafür wurde nichts ausgeführt
  }
request-synthetic = Die Installation hat diesen Antrag selbst angelegt, für eine Testadresse. Er betrifft niemanden und hat keine gesetzliche Frist.
request-dry-run = Probelauf: Es wird nichts gelöscht oder kopiert.
request-escalated = { $level }. Handeln muss: { $who }. Grund: { $reason }.
answer = Antwort am Ticket
answer-due = steht noch nicht am Ticket; der nächste Versuch folgt von selbst
answer-claimed = wird gerade ans Ticket geschrieben, oder es ist nicht bekannt, ob sie dort steht
answer-sent = steht am Ticket
answer-not_set_up = kein Ticketsystem ist eingerichtet; beantworten Sie das Ticket selbst
answer-undeliverable = kann nicht ans Ticket geschrieben werden; beantworten Sie es selbst
answer-next = Nächster Versuch:
copy = Kopie für die betroffene Person
copy-words = { $n ->
    [one] 1 Datensatz
   *[other] { $n } Datensätze
  }
copy-expires = Wird gelöscht am
copy-get = Link zur Kopie holen
receipt = Beleg
receipt-see = Beleg ansehen
receipt-not-yet = Den Beleg gibt es, sobald der Antrag abgeschlossen ist.
sources-title = Datenquellen
select = Auswählen
select-all-about = Über die ausgewählten Datenquellen gemeinsam entscheiden:
select-proceed-erasure = Löschen, was gefunden wurde…
select-proceed-access = Kopieren, was gefunden wurde…
select-refuse = Ablehnen…
events = Was geschah
events-earlier = { $n ->
    [one] 1 früheres Ereignis wird nicht angezeigt.
   *[other] { $n } frühere Ereignisse werden nicht angezeigt.
  }
events-all = Alle anzeigen
events-broken = Die Kette der Ereignisse ist bei Ereignis { $n } unterbrochen: Was danach kommt, wird nicht angezeigt. Sagen Sie es Ihrem IT-Betrieb.
event-automatic = von selbst
live = Diese Seite aktualisiert sich von selbst.
live-updated = Zuletzt aktualisiert:
live-reload = Neu laden
found = Gefunden
submitted = Gesendet
confirmed = Bestätigt
rules = Regeln beim Anbieter
fact-takes = Sucht nach
fact-has = Vorhanden
fact-searched = Gesucht
fact-reviewed = Entscheidung
fact-decided = Entschieden von
fact-claim = Der Anbieter sagt
fact-saw = Die Nachsuche ergab
fact-rounds = Runden
fact-strangers = Fremde Datensätze
fact-appeared = Neue Datensätze
fact-ended = Beendet
fact-turn = Nächster Schritt
fact-next = Nächster Versuch
fact-policy = Wer entscheidet
fact-run = Durchlauf
searched-spellings = { $n ->
    [one] 1 Schreibweise abgefragt
   *[other] { $n } Schreibweisen abgefragt
  }
searched-marked = { $n ->
    [one] 1 Datensatz zeigt eine andere Kennung
   *[other] { $n } Datensätze zeigen eine andere Kennung
  }
searched-set-aside = { $n ->
    [one] 1 Datensatz aussortiert
   *[other] { $n } Datensätze aussortiert
  }
searched-doubtful = { $n ->
    [one] davon 1 zweifelhaft
   *[other] davon { $n } zweifelhaft
  }
searched-part = der Anbieter sagt nicht, ob das alles ist
claim-deleted = er hat sie gelöscht
claim-anonymised = er hat sie anonymisiert
claim-not-stated = er ist fertig und sagt nicht, was er getan hat
claim-none = noch nichts
saw-gone = kein Datensatz der betroffenen Person
saw-gone-control = kein Datensatz der betroffenen Person; dieselbe Suche fand den Kontrolldatensatz
saw-gone-two-looks = zweimal hintereinander kein Datensatz der betroffenen Person
saw-nothing-yet = sie steht noch aus: nicht nachgewiesen
saw-left = { $n ->
    [one] 1 gesendeter Datensatz noch da, nach { $looks ->
        [one] 1 Nachsuche
       *[other] { $looks } Nachsuchen
      }
   *[other] { $n } gesendete Datensätze noch da, nach { $looks ->
        [one] 1 Nachsuche
       *[other] { $looks } Nachsuchen
      }
  }
rounds = { $n ->
    [one] 1 weitere, für Datensätze, die eine Nachsuche über die Entscheidung hinaus fand
   *[other] { $n } weitere, für Datensätze, die Nachsuchen über die Entscheidung hinaus fanden
  }
strangers = { $n ->
    [one] der Anbieter nennt 1 Datensatz, der nie gesendet wurde: Vielleicht gehört er zu jemand anderem
   *[other] der Anbieter nennt { $n } Datensätze, die nie gesendet wurden: Vielleicht gehören sie zu jemand anderem
  }
appeared = { $n ->
    [one] 1 Datensatz ist neu, und keine Entscheidung gilt für ihn; mit ihm geschah nichts
   *[other] { $n } Datensätze sind neu, und keine Entscheidung gilt für sie; mit ihnen geschah nichts
  }
verdict-proceed = ausführen
verdict-refuse = ablehnen: { $x }
verdict-left-out = auslassen
verdict-stated = Ausgang angegeben
policy-auto = die Vorgabe selbst
policy-over = { $n ->
    [one] ein Mensch bei mehr als 1 Datensatz
   *[other] ein Mensch bei mehr als { $n } Datensätzen
  }
policy-always = ein Mensch
kind-email = E-Mail-Adresse
kind-phone = Telefonnummer
rule = Paket { $batch }, Regel { $id }: { $confirmed } von { $records } bestätigt. { $state }
rule-intent = Es wird gesendet, oder die Antwort darauf fehlt.
rule-accepted = Der Anbieter hat es angenommen.
rule-awaiting-approval = Es wartet auf die Freigabe beim Anbieter; von hier aus kann sie niemand geben.
rule-pending = Der Anbieter arbeitet daran.
rule-finished = Der Anbieter sagt, er ist fertig.
rule-status-unknown = Der Anbieter nennt einen Status, den der Konnektor nicht kennt.
rule-not-sent = Es blieb mit Sicherheit ohne Wirkung und wird noch einmal gesendet.
rule-rejected = Der Anbieter hat es zurückgewiesen; es blieb ohne Wirkung.
rule-not-taken = Der Anbieter hat es nicht übernommen; eine Nachsuche zeigt, ob die Datensätze noch da sind.
rule-gone = Der Anbieter hat es nicht übernommen, und eine Nachsuche fand keinen der Datensätze.
rule-unknown = Es ist nicht bekannt, ob es eine Wirkung hatte; zuerst folgt eine Nachsuche.
rule-unreferenced = Es blieb unbeantwortet, und eine Nachsuche fand keinen der Datensätze.
rule-left = Es blieb unbeantwortet oder wurde nicht übernommen, und Nachsuchen finden noch einen Teil der Datensätze.
rule-repeated = Es blieb unbeantwortet oder wurde nicht übernommen; ein späteres Paket nennt, was davon noch da war.
remedy-person = Nur Sie können das voranbringen.
remedy-transient = Rightful versucht es von selbst noch einmal.
remedy-misconfigured = Ihr IT-Betrieb muss das beheben; dann geht es von selbst weiter.
remedy-unknown = Zuerst folgt eine Nachsuche beim Anbieter.
code-unknown-to-us = Grund: { $x }

## Where a task stands

situation-missing_identifier = Kennung fehlt
situation-no_records_by_given = Keine Datensätze zur eingegebenen Kennung
situation-nothing_found_to_confirm = Nichts gefunden: bestätigen oder andere Kennung eingeben
situation-awaiting_review = Wartet auf Ihre Entscheidung
situation-not_searchable = Suche zurzeit nicht möglich: neuer Versuch folgt von selbst
situation-searching = Suche läuft
situation-decided = Entschieden, noch nichts gesendet
situation-submitting = Wird an den Anbieter gesendet
situation-awaiting_approval = Wartet auf die Freigabe beim Anbieter
situation-submitted = Der Anbieter arbeitet daran
situation-verifying = Nachsuche läuft: ist noch etwas da?
situation-copying = Wird kopiert
situation-handed_over = Sie müssen handeln: Der Grund sagt, warum
situation-unknown = Rightful ermittelt, was der Anbieter getan hat
situation-verified_erased = Gelöscht, und die Nachsuche fand nichts mehr
situation-stated_erased = Gelöscht, laut Angabe eines Menschen
situation-reported_erased = Gelöscht, laut Anbieter
situation-copied = Kopiert
situation-nothing_found = Keine Datensätze
situation-refused = Abgelehnt
situation-still_present = Gescheitert: Die Datensätze sind noch da
situation-stated_failed = Gescheitert, laut Angabe eines Menschen
situation-left_out = Von einem Menschen ausgelassen: Suche war nicht möglich
situation-failed = Gescheitert
situation-dry_run = Probelauf beendet, nichts ausgeführt
situation-cancelled = Abgebrochen
situation-ended = Beendet
outcome-verified_erased = gelöscht, und die Nachsuche fand nichts mehr
outcome-reported_erased = gelöscht, laut Anbieter oder laut Angabe eines Menschen
outcome-copied = kopiert
outcome-nothing_found = keine Datensätze
outcome-missing_identifier = Kennung fehlt
outcome-refused = abgelehnt
outcome-still_present = die Datensätze sind noch da
outcome-failed = gescheitert
outcome-dry_run = Probelauf, nichts ausgeführt
outcome-cancelled = abgebrochen

## Acts

act-erase-records = { $n ->
    [one] 1 Datensatz bei { $x } löschen
   *[other] { $n } Datensätze bei { $x } löschen
  }
act-copy-records = { $n ->
    [one] 1 Datensatz von { $x } kopieren
   *[other] { $n } Datensätze von { $x } kopieren
  }
act-confirm-nothing = Bestätigen, dass nichts da ist
act-insert-identifier = Kennung eingeben
act-another-identifier = Andere Kennung eingeben
act-records = Welche Datensätze
act-compare = Wen sie betreffen
act-reasons = Warum so entschieden wurde
act-refuse = Ablehnen
act-leave-out = Auslassen
act-run = Neu suchen
act-state = Ausgang angeben
act-cancel = Antrag abbrechen
act-extend = Frist verlängern
act-reopen = Wieder öffnen
back = Zurück
cancel-link = Doch nicht
save = Speichern
reason = Begründung
reason-about = In Ihren eigenen Worten. Der Text darf die betroffene Person nennen: Er wird verschlüsselt und mit ihr vergessen.
proceed-title-erasure = Löschen, was gefunden wurde
proceed-title-access = Kopieren, was gefunden wurde
proceed-title-nothing = Bestätigen, dass nichts da ist
proceed-about-erasure = Das lässt sich nicht rückgängig machen. Rightful löscht genau diese Datensätze und sieht danach mit einer Nachsuche, ob sie weg sind.
proceed-about-access = Rightful kopiert genau diese Datensätze in eine Datei für die betroffene Person.
proceed-about-nothing = Die Suche fand hier keinen Datensatz der betroffenen Person. Bestätigen Sie das, oder gehen Sie zurück und geben Sie eine andere Kennung ein.
proceed-go-erasure = { $n ->
    [one] 1 Datensatz löschen
   *[other] { $n } Datensätze löschen
  }
proceed-go-access = { $n ->
    [one] 1 Datensatz kopieren
   *[other] { $n } Datensätze kopieren
  }
proceed-at = { $n ->
    [0] keine Datensätze bei { $x }
    [one] 1 Datensatz bei { $x }
   *[other] { $n } Datensätze bei { $x }
  }
confirm-marked = { $n ->
    [one] 1 Datensatz bei { $x } zeigt eine andere Kennung als der Antrag und wäre mit dabei. Sehen Sie ihn zuerst an („Wen sie betreffen“), und geben Sie dann 1 ein.
   *[other] { $n } Datensätze bei { $x } zeigen eine andere Kennung als der Antrag und wären mit dabei. Sehen Sie sie zuerst an („Wen sie betreffen“), und geben Sie dann ihre Zahl ein.
  }
confirm-set-aside = { $n ->
    [one] 1 Datensatz bei { $x } wurde aussortiert, obwohl er die Kennung enthält, und wäre nicht dabei. Sehen Sie ihn zuerst an („Wen sie betreffen“), und geben Sie dann 1 ein.
   *[other] { $n } Datensätze bei { $x } wurden aussortiert, obwohl sie die Kennung enthalten, und wären nicht dabei. Sehen Sie sie zuerst an („Wen sie betreffen“), und geben Sie dann ihre Zahl ein.
  }
refuse-title = Ablehnen
refuse-about = In den Datenquellen unten geschieht nichts. Die Ablehnung stützt sich auf einen Rechtsgrund, den der Beleg nennt.
refuse-ground = Rechtsgrund
refuse-go = Ablehnen
ground-art_17_3_a = freie Meinungsäußerung und Information, Art. 17 Abs. 3 Buchst. a DSGVO
ground-art_17_3_b = rechtliche Verpflichtung oder Aufgabe im öffentlichen Interesse, Art. 17 Abs. 3 Buchst. b DSGVO
ground-art_17_3_c = öffentliche Gesundheit, Art. 17 Abs. 3 Buchst. c DSGVO
ground-art_17_3_d = Archiv, Forschung oder Statistik, Art. 17 Abs. 3 Buchst. d DSGVO
ground-art_17_3_e = Rechtsansprüche, Art. 17 Abs. 3 Buchst. e DSGVO
ground-art_12_5 = offenkundig unbegründet oder exzessiv, Art. 12 Abs. 5 DSGVO
leave-out-title = Auslassen
leave-out-about = Der Antrag läuft ohne die Datenquellen unten weiter. Die Karten der Datenquellen, die Antwort am Ticket und der Beleg sagen das.
leave-out-go = Auslassen
identify-title = Kennung eingeben
identify-about = { $x } wird damit sofort neu durchsucht. Die Kennung wird verschlüsselt und mit der betroffenen Person vergessen.
identify-kind = Art
identify-value = Wert
identify-example = zum Beispiel { $x }
run-title = Neu suchen
run-about = { $x } wird von vorn durchsucht, und über das Gefundene wird neu entschieden. Was vom früheren Durchlauf festgehalten ist, bleibt.
run-go = Neu suchen
state-title = Ausgang angeben
state-about = Rightful kann nicht herausfinden, was aus den Datensätzen bei { $x } wurde. Finden Sie es selbst heraus, zum Beispiel beim Support des Anbieters, und geben Sie es hier an. Es wird als Ihre Angabe angezeigt, nie als nachgewiesen.
state-erased = Die Datensätze sind gelöscht
state-not-erased = Die Datensätze sind nicht gelöscht, oder es lässt sich nicht herausfinden
state-go = Angabe speichern
cancel-title = Antrag abbrechen
cancel-about = Es wurde noch nichts gesendet, also auch nichts gelöscht oder kopiert. Der Antrag endet als abgebrochen.
cancel-go = Antrag abbrechen
extend-title = Gesetzliche Frist verlängern
extend-about = Das Gesetz erlaubt ein oder zwei Monate mehr, nur einmal und nur im ersten Monat (Art. 12 Abs. 3 DSGVO). Die betroffene Person muss davon und vom Grund erfahren.
extend-months = Monate insgesamt
extend-one = 1 Monat
extend-two = 2 Monate
extend-ground = Grund
extension-complexity = der Antrag ist komplex
extension-number_of_requests = die betroffene Person hat viele Anträge gestellt
extend-go = Verlängern
reopen-title = Antrag wieder öffnen
reopen-about = Die gesetzliche Frist bleibt dieselbe. Die Datenquellen unten werden neu durchsucht, und über das Gefundene wird neu entschieden.
reopen-all = Wenn Sie keine auswählen, werden alle neu durchsucht, in denen nichts gelöscht oder kopiert wurde.
reopen-go = Wieder öffnen
records-title = Welche Datensätze
records-about = Die IDs, die { $x } den gefundenen Datensätzen gibt. Diese Anzeige wird als Ereignis des Antrags festgehalten.
records-none = Es gibt keine Datensätze.
records-of = { $n ->
    [one] insgesamt 1 Datensatz
   *[other] insgesamt { $n } Datensätze
  }
more = Mehr
compare-title = Wen die Datensätze betreffen
compare-about = Jetzt bei { $x } abgefragt und nirgends gespeichert. Diese Anzeige wird als Ereignis des Antrags festgehalten.
compare-found-by = gefunden über: { $x }
compare-covered = unter den gefundenen
compare-new = neu seit der Suche
compare-gone = nicht mehr da
compare-set-aside = aussortiert
compare-marked = zeigt eine andere Kennung
compare-doubtful = zweifelhaft: enthält die Kennung
identifiers-title = Kennungen der betroffenen Person
identifiers-about = Diese Anzeige wird als Ereignis des Antrags festgehalten.
identifiers-only = nur für { $x }
reasons-title = Warum so entschieden wurde
reasons-about = Dass Sie dies lesen, wird als Ereignis des Antrags festgehalten.
show = Anzeigen
show-about = Das zeigt personenbezogene Daten und wird als Ereignis des Antrags festgehalten.
copy-title = Kopie für die betroffene Person
copy-about = Der Link gilt bis { $x } und für jeden, der ihn hat. Prüfen Sie die Identität der betroffenen Person, bevor Sie ihr die Kopie senden.
copy-download = Kopie herunterladen
copy-digest = SHA-256
receipt-title = Beleg
receipt-verified = Der Beleg ist von dieser Installation signiert und unverändert.
receipt-sandbox = Der Beleg ist signiert und unverändert, beweist aber nichts: Ein Anbieter auf diesem Rechner war zugelassen.
receipt-not-verified = Die Echtheit des Belegs ist nicht nachgewiesen: Er wurde geändert oder mit einem anderen Schlüssel signiert. Sagen Sie es Ihrem IT-Betrieb.
receipt-outcome = Ausgang
receipt-issued = Ausgestellt in Umgebung
receipt-rests = Beruht auf Ereignissen
receipt-offline = Wer den öffentlichen Schlüssel hat, kann die Datei ohne Netz prüfen: `rightful receipt verify`.
receipt-ground = Rechtsgrund: { $x }
receipt-found = { $n ->
    [0] Gesucht am { $at }: keine Datensätze
    [one] Gesucht am { $at }: 1 Datensatz
   *[other] Gesucht am { $at }: { $n } Datensätze
  }
receipt-not-searched = Nicht durchsucht
receipt-decided = Entschieden von { $who }
receipt-submitted = Gesendet: { $submitted }; vom Anbieter bestätigt: { $confirmed }
receipt-verified-at = Eine Nachsuche fand keinen Datensatz der betroffenen Person: { $at }
receipt-left = { $n ->
    [one] Die letzte Nachsuche fand noch 1 gesendeten Datensatz
   *[other] Die letzte Nachsuche fand noch { $n } gesendete Datensätze
  }
receipt-download = Beleg herunterladen
receipt-closing = Abschluss
done-identify = Gespeichert. Die Datenquelle wird neu durchsucht.
done-proceed = Entschieden. Es geht von selbst weiter.
done-refuse = Abgelehnt.
done-leave-out = Ausgelassen.
done-run = Die Datenquelle wird neu durchsucht.
done-state = Ihre Angabe ist gespeichert.
done-cancel = Der Antrag ist abgebrochen.
done-extend = Die Frist ist verlängert.
done-reopen = Der Antrag ist wieder offen.
done-new = Der Antrag ist angelegt.
done-new-before = Diesen Antrag gab es schon; es kam nichts hinzu.

## Events

event-received = Antrag auf { $right } über { $origin } eingegangen, für { $n ->
    [one] 1 Datenquelle
   *[other] { $n } Datenquellen
  }
event-received-dry-run = Antrag auf { $right } über { $origin } als Probelauf eingegangen, für { $n ->
    [one] 1 Datenquelle
   *[other] { $n } Datenquellen
  }
event-received-synthetic = Testantrag auf { $right } von der Installation selbst angelegt ({ $origin }), für { $n ->
    [one] 1 Datenquelle
   *[other] { $n } Datenquellen
  }
event-delivery-conflict = Dieselbe Zustellung kam über { $source } noch einmal mit anderem Inhalt und wurde zurückgewiesen
event-delivery-repeated = Derselbe Antrag kam über { $source } noch einmal, als er schon abgeschlossen war; dafür wurde nichts ausgeführt
event-attempt-begun = Versuch { $n } des Ablaufs begann
event-attempt-ended = Versuch { $n } des Ablaufs endete: { $how }
event-attempt-ended-at = Der Ablauf von { $source } endete: { $how }
end-failed = er ist gescheitert oder ließ etwas offen
end-timed_out = er lief länger, als er darf
end-aborted = jemand hat ihn angehalten
event-deadline-extended = { $n ->
    [one] Frist um 1 Monat verlängert: { $ground }
   *[other] Frist um { $n } Monate verlängert: { $ground }
  }
event-escalated = { $level }. Handeln muss: { $who }. Grund: { $reason }
level-none = Bis zum Fristende sind es mehr als sieben Tage
level-at_risk = Bis zum Fristende sind es höchstens sieben Tage
level-pressing = Bis zum Fristende sind es höchstens drei Tage
level-overdue = Die gesetzliche Frist ist abgelaufen
duty-platform_engineer = der IT-Betrieb
duty-privacy_officer = der Datenschutz
event-targeted = Das Ziel von { $source } ist { $target }
event-target-changed = Die Datenquelle { $source } hat jetzt ein anderes Ziel: Sie wird neu durchsucht, und es wird neu entschieden
event-found = { $n ->
    [0] { $source } durchsucht: keine Datensätze
    [one] { $source } durchsucht: 1 Datensatz
   *[other] { $source } durchsucht: { $n } Datensätze
  }
event-went-back = { $n ->
    [one] Eine Nachsuche bei { $source } fand über die Entscheidung hinaus 1 Datensatz: Über ihn wird entschieden
   *[other] Eine Nachsuche bei { $source } fand über die Entscheidung hinaus { $n } Datensätze: Über sie wird entschieden
  }
event-left-out = { $source } ausgelassen: Suche dort nicht möglich
event-identifiers-shown = { $n ->
    [one] 1 Kennung der betroffenen Person wurde angezeigt
   *[other] { $n } Kennungen der betroffenen Person wurden angezeigt
  }
event-reason-read = Die Begründung der Entscheidung über { $source } wurde gelesen
event-decided = { $n ->
    [one] Entschieden: Antrag für 1 Datensatz bei { $source } ausführen
   *[other] Entschieden: Antrag für { $n } Datensätze bei { $source } ausführen
  }
event-review-needed = { $n ->
    [one] 1 Datensatz bei { $source } braucht eine Entscheidung; es entscheidet: { $policy }
   *[other] { $n } Datensätze bei { $source } brauchen eine Entscheidung; es entscheidet: { $policy }
  }
event-review-needed-for-nothing = Für { $source } wird ein Mensch gebraucht: Es gibt nichts zu löschen oder zu kopieren
event-reviewed = { $n ->
    [0] Entscheidung über { $source }: { $verdict }
    [one] Entscheidung über 1 Datensatz bei { $source }: { $verdict }
   *[other] Entscheidung über { $n } Datensätze bei { $source }: { $verdict }
  }
event-reviewed-nothing = Entscheidung über { $source }: nichts da, oder ausgelassen
event-identifier-given = Kennung für { $source } eingegeben: { $kind }
event-runs-again = Durchlauf { $n } von { $source } begann
event-called-off = Der Antrag wurde abgebrochen
event-reopened = Der Antrag wurde für { $source } wieder geöffnet
event-stated = Angabe zum Ausgang bei { $source }: { $outcome }
event-records-shown = { $n ->
    [one] Die ID von 1 Datensatz bei { $source } wurde angezeigt
   *[other] Die IDs von { $n } Datensätzen bei { $source } wurden angezeigt
  }
event-records-compared = { $n ->
    [one] 1 Datensatz bei { $source } wurde mit seinen Feldern angezeigt
   *[other] { $n } Datensätze bei { $source } wurden mit ihren Feldern angezeigt
  }
event-copied = { $n ->
    [one] 1 Datensatz von { $source } kopiert
   *[other] { $n } Datensätze von { $source } kopiert
  }
event-copy-lost = Der Teil der Kopie von { $source } lässt sich nicht packen und wird neu kopiert: { $reason }
event-copy-kept = { $n ->
    [one] Die Kopie ist gespeichert, mit 1 Datensatz
   *[other] Die Kopie ist gespeichert, mit { $n } Datensätzen
  }
event-copy-linked = Ein Link zur Kopie wurde ausgegeben
event-intended = { $n ->
    [one] Paket { $batch } mit 1 Datensatz geht gleich an { $source }
   *[other] Paket { $batch } mit { $n } Datensätzen geht gleich an { $source }
  }
event-accepted = { $source } hat Paket { $batch } als Regel { $rule } angenommen
event-doubted = Die Antwort von { $source } auf Paket { $batch } ist zweifelhaft: { $reason }
event-strangers = { $n ->
    [one] Der Anbieter von { $source } nennt 1 Datensatz, der nie gesendet wurde
   *[other] Der Anbieter von { $source } nennt { $n } Datensätze, die nie gesendet wurden
  }
event-not-sent = Paket { $batch } kam bei { $source } nicht an: { $reason }
event-rejected = { $source } hat Paket { $batch } zurückgewiesen: { $reason }
event-became-unknown = Es ist nicht bekannt, was { $source } getan hat: { $reason }
event-resolved = Eine Nachsuche bei { $source } ergab: { $gone } weg, { $left } noch da
event-handed-over = Die Datenquelle { $source } wurde einem Menschen übergeben: { $reason }
event-searches-again = Die Datenquelle { $source } wird neu durchsucht: Ein anderer Antrag derselben betroffenen Person ist dort beendet
event-finished = { $n ->
    [one] Der Anbieter von { $source } sagt, er ist fertig, und nennt 1 Datensatz
   *[other] Der Anbieter von { $source } sagt, er ist fertig, und nennt { $n } Datensätze
  }
event-looked = Eine Nachsuche bei { $source }: { $left } der Datensätze noch da, { $appeared } neu
event-still-there = { $n ->
    [one] Eine Nachsuche bei { $source } fand noch 1 gesendeten Datensatz
   *[other] Eine Nachsuche bei { $source } fand noch { $n } gesendete Datensätze
  }
event-settled = Die Aufgabe bei { $source } ist beendet: { $outcome }.
event-closed = Der Antrag ist abgeschlossen: { $x }
event-receipt-kept = Der Beleg ist signiert und gespeichert
event-receipt-differs = Ein früherer Beleg ist gespeichert und bleibt gültig
event-forgotten = Die betroffene Person ist vergessen: Der Schlüssel zu ihren Daten ist gelöscht
event-answer-claimed = Die Antwort wird gleich ans Ticket geschrieben
event-answer-sent = Die Antwort steht am Ticket
event-answer-not-sent = Die Antwort steht noch nicht am Ticket: { $reason }
event-answer-in-doubt = Es ist nicht bekannt, ob die Antwort am Ticket steht: { $reason }
event-answer-undeliverable = Die Antwort kann nicht ans Ticket geschrieben werden: { $reason }

## A new request

new-right = Was die betroffene Person verlangt
new-erasure-about = ihre Daten werden gelöscht
new-access-about = sie bekommt eine Kopie ihrer Daten
new-sources-about = Wählen Sie keine aus, um alle zu fragen.
new-received = Tag, an dem der Antrag gestellt wurde
new-received-about = Lassen Sie das Feld für heute leer. Der gesetzliche Monat zählt von hier an.
new-reference = Referenz des Tickets
new-reference-about = Lassen Sie das Feld leer, wenn es kein Ticket gibt. Schreiben Sie keinen Namen und keine Adresse hinein.
new-dry-run = Probelauf
new-dry-run-about = sucht, löscht und kopiert aber nichts
new-no-sources = Keine Datenquelle ist verbunden und eingeschaltet: Verbinden Sie zuerst eine.
new-go = Antrag anlegen

## One act on several requests

bulk-about = Für die ausgewählten Anträge:
bulk-proceed = Löschen oder kopieren, was gefunden wurde…
bulk-refuse = Ablehnen…
bulk-extend = Frist verlängern…
bulk-fit = { $n ->
    [0] Das passt zu keinem der { $of } ausgewählten Anträge.
    [one] Das passt zu 1 der { $of } ausgewählten Anträge.
   *[other] Das passt zu { $n } der { $of } ausgewählten Anträge.
  }
bulk-fits = { $x }: { $n ->
    [0] ja
    [one] ja, 1 Datensatz
   *[other] ja, { $n } Datensätze
  }
bulk-does-not-fit = { $x }: zurzeit nicht möglich, also geschieht damit nichts
bulk-reached = { $n ->
    [0] Bei keinem von { $of } Anträgen hat es geklappt.
    [one] Bei 1 von { $of } Anträgen hat es geklappt.
   *[other] Bei { $n } von { $of } Anträgen hat es geklappt.
  }

## Reasons

# The reasons of tasks

code-answer_never_came = ein Löschauftrag wurde gesendet, und die Antwort kam nie: Niemand weiß, ob der Anbieter ihn ausgeführt hat
code-batch_size_wrong = ein Paket enthält keinen Datensatz oder mehr, als die Datenquelle annimmt
code-decision_does_not_fit = die Datensätze, die gesendet werden sollten, sind nicht genau die, über die entschieden wurde; darum wurde nichts gesendet
code-dry_run_not_asked = der Anbieter hat einen echten Auftrag für einen Probelauf gehalten
code-dry_run_not_confirmed = die Antwort des Anbieters sagt nicht, dass es ein Probelauf ist: Die Datensätze sind vielleicht gelöscht
code-dry_run_unsupported = dieser Konnektor hat keinen eigenen Probelauf des Anbieters
code-awaiting_review = ein Mensch muss über das Gefundene entscheiden
code-identifier_missing = der Antrag hat keine Kennung von einer Art, nach der diese Datenquelle sucht
code-nothing_found_to_confirm = nichts wurde gefunden, und ein Mensch bestätigt das, bevor etwas abgeschlossen wird
code-left_out_by_a_person = ein Mensch hat eine Datenquelle ausgelassen, in der keine Suche möglich war
code-source_moved = die Datenquelle hat seit der Suche ein anderes Ziel
code-task_over = dort ist nichts mehr zu entscheiden; darum wird der Anbieter nicht mehr nach den Datensätzen gefragt
code-identifier_found_nothing = zu der Kennung, die für diese Datenquelle eingegeben wurde, ist dort nichts zu finden
code-missing_identifier = der Antrag hat keine Kennung von einer Art, nach der diese Datenquelle sucht
code-records_gone = Datensätze, über die entschieden war, waren weg, bevor sie kopiert oder gelöscht werden konnten
code-refused_by_reviewer = es wurde bei der Prüfung aus einem Rechtsgrund abgelehnt
code-stated_by_a_person = ein Mensch hat herausgefunden und angegeben, wie es ausging; nachgewiesen ist es nicht
code-gone_in_dry_run = Datensätze sind weg, obwohl der Anbieter nur um einen Probelauf gebeten wurde
code-not_all_confirmed = die fertige Regel des Anbieters nennt weniger Datensätze, als gesendet wurden
code-record_id_unusable = die ID eines Datensatzes hat nicht die Form, die IDs bei diesem Anbieter haben
code-right_not_supported = dieser Konnektor kann dieses Recht nicht erfüllen
code-right_unsupported = dieser Konnektor kann dieses Recht nicht erfüllen
code-rule_id_unusable = mit der gespeicherten ID der Regel lässt sich nicht nachfragen
code-rule_not_found = der Anbieter kennt die Regel nicht, die er selbst angelegt hat
code-records_keep_appearing = jede Nachsuche fand Datensätze, für die keine Entscheidung gilt, drei Runden hintereinander
code-second_look = eine Nachsuche fand nichts, und eine zweite muss das eine Minute später bestätigen
code-set_aside_doubtful = die Nachsuche hat einen Datensatz aussortiert, dessen Wert die Kennung als Teil enthält: Vielleicht gehört er zur betroffenen Person
code-strangers_listed = die fertige Regel des Anbieters nennt Datensätze, die nie gesendet wurden: Vielleicht gehören sie zu jemand anderem
code-searched_only = es war ein Probelauf, und der Anbieter hat keinen eigenen; darum wurde nur gesucht
code-other_request_in_progress = ein anderer Antrag derselben betroffenen Person wird bei dieser Datenquelle gerade erfüllt
code-reference_missing = der Anbieter hat nie geantwortet, und eine Suche ergab, dass die Wirkung da ist: Es gibt keine Regel, nach der man fragen kann
code-repeats_used_up = die Datensätze wurden viermal gesendet und sind noch da
code-still_present = der Anbieter sagt, er ist fertig, doch gesendete Datensätze sind noch da
code-too_many_records = die Suche fand mehr Datensätze, als ein Mensch haben kann; darum wurde nichts gesendet
code-person_forgotten = die betroffene Person dieses Antrags ist vergessen; darum kann er nicht mehr bearbeitet werden

# A legal date that is near

code-in_time = bis zum Fristende sind es mehr als sieben Tage
code-outcome_unknown = noch weiß niemand, ob der Anbieter es getan hat
code-request_not_closed = jede Datenquelle ist erledigt, und doch ist der Antrag nicht abgeschlossen
code-task_not_moved = eine Aufgabe kommt nicht voran, und kein Code sagt, warum
code-vendor_at_work = der Anbieter arbeitet daran und ist noch nicht fertig

# Acts that a request's state forbids

code-receipt_not_found = diesen Beleg gibt es nicht: Zu jedem Abschluss eines Antrags gehört einer
code-request_closed = der Antrag ist abgeschlossen oder wird es gleich
code-request_open = der Antrag ist offen

# The end of an execution

code-attempt_not_current = die Ausführung gehört zu einem früheren Versuch
code-end_known = das Ende dieser Ausführung war schon festgehalten
code-not_our_execution = die Ausführung gehört nicht zu dieser Installation

# The set-up of a data source

code-control_not_found = die Suche fand den Kontrolldatensatz der Datenquelle nicht; darum beweist es nichts, wenn sie nichts findet
code-target_lost = zu dem Ziel, das durchsucht wurde, gibt es keine Zugangsdaten mehr; darum kann dort nicht mehr gefragt werden
code-target_in_use = offene Aufgaben bei dieser Datenquelle könnten so nicht weiterlaufen; darum wurde nichts geändert
code-connector_unknown = die Installation hat diesen Konnektor nicht
code-parameter_wrong = ein Parameter der Datenquelle fehlt oder ist falsch
code-secret_missing = die Zugangsdaten der Datenquelle sind nicht da
code-secret_unreadable = die Zugangsdaten der Datenquelle sind nicht das JSON-Objekt, das der Konnektor beschreibt
code-secret_is_not_text = die Zugangsdaten sind binär
code-secret_unavailable = die Zugangsdaten konnten nicht rechtzeitig gelesen werden
code-source_not_found = diese Datenquelle gibt es nicht
code-received_at_malformed = der Tag liegt in der Zukunft oder mehr als 366 Tage zurück
code-too_many_sources = so viele Datenquellen kann ein einzelner Antrag nicht haben

# Calls to a vendor

code-credentials_rejected = der Anbieter nimmt das Token nicht an
code-vendor_address_forbidden = der Hostname des Anbieters führt zu einer privaten Adresse, und eine solche ruft Rightful nie auf
code-vendor_answer_incomplete = die Antwort des Anbieters sagt, dass es mehr gibt, oder ist vielleicht nicht vollständig; darum zählt sie nicht
code-vendor_answer_too_large = die Antwort des Anbieters zu dieser betroffenen Person ist größer, als der Konnektor erlaubt; darum wird daraus nichts geschlossen
code-vendor_answer_unexpected = der Anbieter hat mit einem Status geantwortet, den der Konnektor nicht erwartet
code-vendor_answer_unreadable = die Antwort des Anbieters ist nicht die, die der Konnektor beschreibt
code-vendor_bad_request = der Anbieter hat den Aufruf als ungültig zurückgewiesen (400)
code-vendor_conflict = der Anbieter sagt, dass der Aufruf mit einem anderen im Konflikt steht (409)
code-vendor_connection_lost = die Verbindung zum Anbieter brach ab, bevor die Antwort kam
code-vendor_deadline_passed = der Anbieter wurde in der Zeit, die der Konnektor ihm gibt, nicht fertig
code-vendor_forbidden = der Anbieter erlaubt diesem Konto das nicht (403)
code-vendor_gone = der Anbieter sagt, dass es die aufgerufene Adresse nicht mehr gibt (410)
code-vendor_host_forbidden = dieser Host steht nicht im Konnektor; darum wird er nie aufgerufen
code-vendor_not_found = der Anbieter sagt, dass es das nicht gibt (404)
code-vendor_out_of_time = für den Aufruf beim Anbieter blieb keine Zeit
code-vendor_record_unreadable = in der Antwort des Anbieters hat ein Datensatz dieser betroffenen Person keine lesbare ID; darum wird daraus nichts geschlossen
code-vendor_redirected = der Anbieter hat mit einer Weiterleitung geantwortet, und Rightful folgt keiner
code-vendor_refused = der Anbieter hat den Aufruf abgelehnt
code-vendor_request_unusable = aus dem Konnektor und seinen Parametern ließ sich kein Aufruf für den Anbieter bilden
code-vendor_server_error = der Server des Anbieters hat einen Fehler gemeldet (5xx)
code-vendor_status_unknown = der Anbieter nennt einen Status, den der Konnektor nicht kennt; als Erfolg zählt er nie
code-vendor_throttled = der Anbieter bittet um weniger Aufrufe (429)
code-vendor_timed_out = der Anbieter hat nicht rechtzeitig geantwortet
code-vendor_unprocessable = der Anbieter kann mit dem Gesendeten nichts anfangen (422)
code-vendor_unreachable = der Anbieter ist nicht erreichbar

# Calls that Rightful holds back itself

code-circuit_open = Aufrufe beim Anbieter sind immer wieder gescheitert; darum wird er eine Weile nicht aufgerufen
code-quota_spent = die Aufrufe der Datenquelle für heute sind verbraucht; um Mitternacht (UTC) geht es weiter
code-rate_limited = der Aufruf wartet, damit die Grenze des Anbieters eingehalten wird

# The answer to a ticket

code-answer_unwritable = die Antwort am Ticket kann nicht geschrieben werden
code-ticket_answer_gave_up = das Ticket konnte 30 Tage lang nicht beantwortet werden; ob ein Kommentar dort steht, ist nicht sicher bekannt
code-ticket_busy = jemand anderes hat das Ticket im selben Augenblick geändert
code-ticket_forbidden = das Ticketsystem erlaubt diesem Benutzer nicht, das Ticket zu ändern (403)
code-ticket_not_found = dieses Ticket gibt es nicht (404): Es wurde gelöscht, oder die Referenz gehört zu einem anderen System
code-ticket_not_updatable = das Ticket kann nicht geändert werden (422): Es ist geschlossen oder voll, oder ein nötiges Feld fehlt
code-ticket_reference_missing = der Antrag nennt kein Ticket
code-ticket_reference_unusable = die Referenz ist keine Ticketnummer wie 35436, #35436, ZD-35436 oder ZD-35436-2
code-ticket_refused = das Ticketsystem hat die Antwort abgelehnt
code-ticket_too_long = das Ticket hat zu viele Kommentare, um sie alle durchzusehen; darum ist nicht bekannt, ob die Antwort dort steht
code-ticketing_not_set_up = kein Ticketsystem ist eingerichtet; darum wird das Ticket nicht beantwortet
code-ticketing_secret_unreadable = die Zugangsdaten des Ticketsystems sind nicht, was sie sein sollten
code-ticket_unreceived = ein Ticket ist als Antrag markiert, doch eine Zustellung davon kam nie an

# Forms that are refused

code-body_malformed = eine Angabe fehlt, ist unbekannt oder falsch
code-body_too_large = der Inhalt ist größer als 256 KiB
code-body_unreadable = der Inhalt ist als Base64 gekennzeichnet und ist es nicht
code-copy_not_there = es gibt keine Kopie
code-ground_does_not_stand = Art. 17 Abs. 3 DSGVO ist nur gegen eine Löschung ein Rechtsgrund
code-ground_missing = eine Ablehnung braucht einen Rechtsgrund
code-ground_out_of_place = nur eine Ablehnung hat einen Rechtsgrund
code-id_malformed = die ID in der Adresse hat nicht die richtige Form
code-identifier_kind_unknown = keine Datenquelle des Antrags sucht nach dieser Art von Kennung
code-identifier_malformed = der Wert ist für diese Art von Kennung nicht gültig oder lässt sich auf zwei Arten lesen
code-identifier_none = es ist keine Kennung angegeben, oder keine hat einen Wert
code-identifier_not_missing = der Datenquelle fehlt keine Kennung, und sie kann durchsucht werden; darum kann sie nicht ausgelassen werden
code-identifier_not_taken = die Datenquelle sucht nicht nach dieser Art von Kennung oder nimmt diesen Wert nicht an
code-key_conflict = dieses Formular wurde schon mit anderem Inhalt gesendet, und daraus ist ein Antrag entstanden
code-key_malformed = der Schlüssel ist zu lang oder enthält ein Zeichen, das nicht erlaubt ist
code-marked_not_confirmed = einige Datensätze zeigen einen anderen Wert als der Antrag: Bestätigen Sie, wie viele
code-misconfigured = der Fehler liegt bei der Installation selbst
code-months_malformed = eine Frist wird um einen oder zwei Monate verlängert
code-not_access = zu einer Löschung gibt es keine Kopie
code-not_awaiting_review = die Aufgabe wartet nicht auf eine Entscheidung; vielleicht hat schon jemand entschieden
code-not_erasure = der Antrag verlangt Auskunft: Dafür wird nichts gelöscht
code-not_handed_over = ein Ausgang lässt sich nur für eine Aufgabe angeben, die einem Menschen übergeben wurde oder bei der keine Suche möglich ist
code-not_longer = die Frist ist schon um so viel verlängert
code-nothing_to_change = die Datenquelle ist schon so eingerichtet
code-nothing_to_do = hier ist nichts mehr zu tun: Sehen Sie sich den Antrag noch einmal an
code-nothing_to_show = noch gibt es nichts anzuzeigen
code-parameter_malformed = eine Angabe in der Adresse ist unbekannt, doppelt oder falsch
code-reason_malformed = die Begründung ist leer oder länger als 1.000 Zeichen
code-records_changed = die Datenquelle wurde noch einmal durchsucht, seit Sie sie angesehen haben
code-request_synthetic = die Installation hat den Antrag selbst angelegt, um zu sehen, ob alles funktioniert: Bei ihm ist das nicht möglich
code-searched_at_missing = nichts wurde gefunden, oder es gibt zweifelhafte Datensätze, und es fehlt die Angabe, welche Suche Sie gesehen haben
code-set_aside_not_confirmed = einige aussortierte Datensätze gehören vielleicht zur betroffenen Person: Bestätigen Sie, wie viele nicht
code-set_up_wrong = ein Parameter, ein Feld der Zugangsdaten oder der Kontrolldatensatz ist falsch oder fehlt
code-source_changed = jemand anderes hat die Datenquelle zur selben Zeit geändert
code-source_disabled = die Datenquelle ist ausgeschaltet
code-source_exists = eine Datenquelle mit dieser ID gibt es schon
code-source_in_use = offene Anträge gehen an die Datenquelle
code-source_none = keine Datenquelle ist verbunden, oder keine ist eingeschaltet
code-source_not_in_request = der Antrag geht nicht an diese Datenquelle
code-source_unknown = diese Datenquelle gibt es nicht
code-sources_malformed = es ist keine Datenquelle angegeben, oder eine steht zweimal da
code-submitted = es wurde schon etwas gesendet
code-too_late = der erste Monat ist vorbei
code-too_many_identifiers = es sind mehr als 20 Kennungen
code-unavailable = das ging vorübergehend nicht: Versuchen Sie es noch einmal
code-under_way = ein Auftrag ist unterwegs, oder niemand weiß, wie er ausging
code-sign_in_links_off = die Installation erstellt keine Anmeldelinks
code-body_not_json = der Inhalt ist kein JSON-Objekt
code-copy_expired = die Kopie ist gelöscht, weil ihre Zeit vorbei ist
code-request_not_found = diesen Antrag gibt es nicht

# What Rightful stores, and AWS

code-copy_part_missing = was eine Datenquelle für die Kopie geliefert hat, ist nicht mehr oder nicht ganz da
code-copy_part_unreadable = was eine Datenquelle für die Kopie geliefert hat, lässt sich nicht öffnen
code-data_key_unusable = der Datenschlüssel des Antrags ist unbrauchbar
code-identifiers_unreadable = die Kennungen des Antrags lassen sich nicht öffnen
code-records_do_not_fit = es sind nicht so viele IDs von Datensätzen gespeichert, wie gefunden wurden; darum würde eine Nachsuche nichts beweisen
code-records_unreadable = die IDs der Datensätze des Antrags lassen sich nicht öffnen
code-row_unreadable = eine Zeile des Speichers lässt sich nicht lesen
code-secret_denied = AWS erlaubt den Zugriff auf die Zugangsdaten nicht
code-secret_rejected = Secrets Manager hat einen Aufruf als ungültig zurückgewiesen
code-secrets_unavailable = Secrets Manager ist nicht erreichbar
code-kms_denied = AWS erlaubt den Zugriff auf den KMS-Schlüssel nicht
code-kms_key_missing = der KMS-Schlüssel ist nicht da
code-kms_rejected = KMS hat einen Aufruf als ungültig zurückgewiesen
code-kms_unavailable = KMS ist nicht erreichbar
code-key_table_denied = AWS erlaubt den Zugriff auf die Tabelle der Schlüssel nicht
code-key_table_missing = die Tabelle der Schlüssel ist nicht da
code-key_table_rejected = DynamoDB hat einen Aufruf an die Tabelle der Schlüssel als ungültig zurückgewiesen
code-key_table_unavailable = die Tabelle der Schlüssel ist nicht erreichbar

## What to do, where the sentences for all reasons say too little

remedy-answer_never_came = Sehen Sie beim Anbieter nach, was daraus wurde, und geben Sie dann den Ausgang an.
remedy-control_not_found = Der Kontrolldatensatz muss beim Anbieter neu angelegt werden; dann geht es von selbst weiter.
remedy-credentials_rejected = Das richtige Token muss eingetragen werden; dann geht es von selbst weiter. Solange keine Suche möglich ist, können Sie die Datenquelle auch auslassen.
remedy-identifier_found_nothing = Geben Sie eine andere Kennung ein, oder lassen Sie die Datenquelle aus.
remedy-left_out_by_a_person = Sagen Sie der betroffenen Person, dass diese Datenquelle nicht durchsucht wurde.
remedy-records_gone = Sagen Sie es der betroffenen Person, oder suchen Sie neu nach dem, was jetzt da ist.
remedy-refused_by_reviewer = Nennen Sie der betroffenen Person den Rechtsgrund.
remedy-set_aside_doubtful = Sehen Sie beim Anbieter nach, ob dieser Datensatz zur betroffenen Person gehört. Wenn ja, lassen Sie ihn dort löschen. Geben Sie dann den Ausgang an.
remedy-still_present = Nachsuchen folgen eine Zeit lang von selbst. Wenn sie weiter Datensätze finden, fragen Sie den Anbieter nach dem Grund.
remedy-strangers_listed = Sehen Sie sich die Regel noch heute beim Anbieter an: Vielleicht ist es eine Datenschutzverletzung.

## The overview and the journal

nav-overview = Übersicht
overview = Übersicht
overview-at = Gezählt am
overview-zone = Monate und Wochen sind die der Zeitzone { $x }.
overview-read-all = { $n ->
    [0] Noch ist kein Antrag abgeschlossen.
    [one] Gezählt ist der einzige abgeschlossene Antrag.
   *[other] Gezählt sind alle { $n } abgeschlossenen Anträge.
  }
overview-read-some = { $n ->
    [one] Gezählt ist der letzte abgeschlossene Antrag, eingegangen am
   *[other] Gezählt sind die letzten { $n } abgeschlossenen Anträge, eingegangen seit dem
  }
overview-not-counted = Abgeschlossene Anträge, die früher eingegangen sind, zählen nicht mit: Es sind zu viele, oder sie sind zu alt.
overview-table = Tabelle
overview-all = Alle
overview-requests = Anträge
overview-none-waits = { $n ->
    [0] keine
    [one] 1 Datenquelle eines Antrags
   *[other] { $n } Datenquellen von Anträgen
  }
overview-waits = { $n ->
    [one] 1 Datenquelle eines Antrags, schon { $x }
   *[other] { $n } Datenquellen von Anträgen, die erste schon { $x }
  }
overview-open-title = Offene Anträge
overview-oldest = Die betroffene Person mit dem ältesten Antrag wartet schon { $x }.
overview-turn-unknown = Rightful ermittelt, was der Anbieter getan hat
overview-age-name = Alter
overview-age-under = unter { $n } Tagen
overview-age = { $from } bis { $to } Tage
overview-age-over = { $n } Tage oder mehr
overview-due-title = Anstehende gesetzliche Fristen
overview-due = { $overdue ->
    [0] Kein Antrag ist überfällig
    [one] 1 Antrag ist überfällig
   *[other] { $overdue } Anträge sind überfällig
  }; bei { $week } endet die Frist noch in dieser Woche, bei { $weeks } in den fünf Wochen danach, bei { $later } später.
overview-due-none = Kein Antrag ist offen, also läuft keine Frist.
overview-due-name = Fristende
overview-overdue = überfällig
overview-this-week = diese Woche
overview-week = Woche vom { $day }. { $x }
overview-later = später
overview-outcomes-title = Wie Anträge ausgingen
overview-closed = { $n ->
    [0] In den letzten zwölf Monaten wurde kein Antrag abgeschlossen.
    [one] In den letzten zwölf Monaten wurde 1 Antrag abgeschlossen.
   *[other] In den letzten zwölf Monaten wurden { $n } Anträge abgeschlossen.
  }
overview-end-good = Erfüllt, oder nichts gefunden
overview-end-part = Teilweise erfüllt, oder abgelehnt
overview-end-bad = Gescheitert
overview-end-none = Probelauf, oder abgebrochen
overview-month-name = Monat
overview-month = { $x } { $year }
overview-month-partial = { $x } { $year }, teilweise
month-1 = Jan
month-2 = Feb
month-3 = Mär
month-4 = Apr
month-5 = Mai
month-6 = Jun
month-7 = Jul
month-8 = Aug
month-9 = Sep
month-10 = Okt
month-11 = Nov
month-12 = Dez
overview-time-title = Zeit bis zum Abschluss
overview-time = Bei der Hälfte der Anträge dauerte es höchstens { $half }, bei neun von zehn höchstens { $most }.
overview-time-about = Vom Tag, an dem die betroffene Person den Antrag gestellt hat, bis zum Abschluss.
overview-median = Bei der Hälfte höchstens
overview-ninetieth = Bei neun von zehn höchstens
overview-sources-title = Datensätze nach Datenquelle
overview-sources-none = Diese Anträge gingen an keine Datenquelle, von Probeläufen abgesehen.
overview-sources = { $found ->
    [0] Keine Datensätze
    [one] 1 Datensatz
   *[other] { $found } Datensätze
  } bei { $sources ->
    [one] 1 Datenquelle
   *[other] { $sources } Datenquellen
  } gefunden, { $confirmed } bestätigt.
overview-sources-about = Bestätigt: Der Anbieter sagt, dass er sie bearbeitet hat, oder sie wurden kopiert. Probeläufe zählen nicht mit.
overview-sources-left = { $n ->
    [one] 1 weitere Datenquelle steht in der Tabelle.
   *[other] { $n } weitere Datenquellen stehen in der Tabelle.
  }
overview-unconfirmed = Gefunden, nicht bestätigt
overview-health-title = Zustand der Installation
overview-reconcile = Wartet auf den Abgleich
overview-reconcile-due = { $n ->
    [0] nichts: Alles, was fällig war, wurde angesehen
    [one] 1 Vorgang, seit dem
   *[other] { $n } Vorgänge, der erste seit dem
  }
overview-synthetic = Letzter Testantrag
overview-synthetic-none = keiner unter den gelesenen Anträgen
overview-synthetic-good = endete wie vorgesehen
overview-synthetic-bad = endete nicht wie vorgesehen: { $x }
overview-synthetic-open = noch offen, angelegt am
overview-synthetic-see = Ansehen
overview-unknown = Ausgang unbekannt
overview-review = Wartet auf eine Entscheidung
overview-identifiers = Wartet auf eine Kennung
overview-forgetting = Vergessen betroffener Personen
overview-forgetting-late = { $n ->
    [0] bei keiner verspätet
    [one] bei 1 um mehr als einen Tag verspätet
   *[other] bei { $n } um mehr als einen Tag verspätet
  }
overview-answers = Antworten am Ticket
overview-answers-words = { $owed } noch nicht am Ticket, { $never } nicht ans Ticket zu schreiben
overview-unknowable = Nicht gespeichert und darum hier nicht bekannt: wann der Abgleich zuletzt lief, welche Zustellungen von Tickets zurückgewiesen wurden oder nie ankamen, und welche Aufrufe bei Anbietern und von Funktionen gescheitert sind. Wartet ein Vorgang viel länger auf den Abgleich, als dessen Zeitplan vorsieht, dann läuft der Abgleich nicht, hat zu viel zu tun oder bringt diesen Vorgang nicht voran.
overview-dashboard = Dashboard in AWS
journal = Protokoll
journal-about = Wer was an der Installation selbst getan hat: an Datenquellen und am Ticketsystem. Was zu einem Antrag getan wurde, steht auf dessen Seite.
journal-kind = Was
journal-who = Wer
journal-who-other = jemand, der in den Einträgen unten nicht vorkommt
journal-none-at-all = Noch hat niemand etwas eingerichtet.
journal-none = Kein Eintrag passt.
journal-none-yet = { $n ->
    [one] Der neueste Eintrag passt nicht.
   *[other] Von den { $n } gelesenen Einträgen passt keiner.
  }
journal-read = { $n ->
    [one] Dafür wurde 1 Eintrag gelesen.
   *[other] Dafür wurden { $n } Einträge gelesen.
  }
journal-further = Weiter zurück suchen
journal-older = Ältere Einträge
journal-newest = Neueste Einträge
journal-download = Als CSV herunterladen
journal-download-about = Was der Filter von bis zu { $n } Einträgen übrig lässt, vom neuesten auf dieser Seite an rückwärts.
journal-csv-number = Nummer
journal-csv-at = Zeit
journal-csv-who = Wer
journal-csv-actor = Akteur
journal-csv-kind = Art
journal-csv-about = Betrifft
journal-csv-what = Was
entry-kind-source_added = Datenquelle verbunden
entry-kind-source_changed = Datenquelle geändert
entry-kind-source_review_set = Vorgaben zur Prüfung festgelegt
entry-kind-source_enabled = Datenquelle eingeschaltet
entry-kind-source_disabled = Datenquelle ausgeschaltet
entry-kind-source_tested = Datenquelle getestet
entry-kind-source_removed = Datenquelle entfernt
entry-kind-ticketing_set = Ticketsystem eingerichtet
entry-source_added = Die Datenquelle { $source } wurde verbunden: { $what }
entry-source_changed = Die Datenquelle { $source } wurde geändert: { $what }
entry-source_review_set = Die Vorgaben zur Prüfung bei { $source } wurden festgelegt: { $what }
entry-source_enabled = Die Datenquelle { $source } wurde eingeschaltet: Neue Anträge gehen auch an sie
entry-source_disabled = Die Datenquelle { $source } wurde ausgeschaltet: Neue Anträge lassen sie aus
entry-source_tested = Die Datenquelle { $source } wurde getestet: Sie funktioniert
entry-source_tested-not = Die Datenquelle { $source } wurde getestet: { $what }
entry-source_removed = Die Datenquelle { $source } wurde mit ihren Zugangsdaten entfernt
entry-ticketing_set = Wie Tickets von { $x } beantwortet werden, wurde eingerichtet oder geändert
entry-with-control = mit einem Kontrolldatensatz
entry-params = Parameter { $x }
entry-secret = neue Zugangsdaten
entry-control = ein anderer Kontrolldatensatz, oder keiner
entry-target = Ziel jetzt: { $x }
entry-forced = { $n ->
    [0] erzwungen
    [one] erzwungen, obwohl 1 offene Aufgabe nicht wie bisher weiterlaufen konnte
   *[other] erzwungen, obwohl { $n } offene Aufgaben nicht wie bisher weiterlaufen konnten
  }
entry-policies = über Löschungen entscheidet { $erasure }; über Auskünfte entscheidet { $access }
entry-policy-deployment = die Vorgabe der Installation
