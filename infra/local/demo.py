"""The demo: one person erased from Qualifio, end to end, on this machine.

Starts the embedded stack and the sandbox, connects the data source, sends a signed Zendesk ticket about
the walkthrough's person, shows the progress, and prints and verifies the receipt. Then it asks the sandbox
itself for the remaining records, and prints the ticket's content. Exits with 0 only if the sandbox has none
of the three records and all of their neighbours, and its ticket has exactly one answer.
"""

import base64
import datetime
import hashlib
import hmac
import json
import pathlib
import subprocess
import sys
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
DIR = ROOT / "target" / "demo"
RIGHTFUL = ROOT / "target" / "local" / "rightful"
STACK = [sys.executable, str(ROOT / "infra" / "local" / "stack.py")]

# The walkthrough's person at client 2449.
EMAIL, IDS = "joao@qualifio.com", {78, 79, 85}
# The ticket about them.
TICKET = 35436

# No proxy, whatever the environment says: this is loopback.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))

times = []


def stage(title):
    """Announces a step, and notes its start."""
    times.append((title, time.monotonic()))
    print(f"\n== {title}", flush=True)


def fail(message):
    raise SystemExit(f"demo: {message}")


def call(url, headers=None, body=None):
    """One HTTP call; returns status and JSON."""
    request = urllib.request.Request(url, data=body, headers=headers or {})
    try:
        with OPENER.open(request, timeout=30) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def rightful(*arguments, stdin=None):
    """Runs the command as an operator would; ends the demo on a failure."""
    command = [str(RIGHTFUL), "--stack", str(DIR / "stack.json"), *arguments]
    print("$ rightful " + " ".join(arguments), flush=True)
    done = subprocess.run(command, input=stdin, text=True, cwd=ROOT, check=False)
    if done.returncode != 0:
        fail(f"`rightful {arguments[0]} {arguments[1]}` ended with {done.returncode}")


def send_ticket(channel):
    """A Zendesk webhook about the person, signed as Zendesk signs."""
    ticket = {"right": "erasure", "identifiers": [{"kind": "email", "value": EMAIL}], "reference": f"ZD-{TICKET}"}
    body = json.dumps(ticket).encode()
    timestamp = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    mac = hmac.new(channel["secret"].encode(), timestamp.encode() + body, hashlib.sha256)
    headers = {
        "content-type": "application/json",
        "x-zendesk-webhook-signature": base64.b64encode(mac.digest()).decode(),
        "x-zendesk-webhook-signature-timestamp": timestamp,
    }
    status, answer = call(channel["url"], headers, body)
    print(f"POST {channel['url']} -> {status} {json.dumps(answer)}")
    if status != 202:
        fail("the ticket was not accepted")
    return answer["request_id"]


def look_at_the_vendor(sandbox):
    """Asks the sandbox itself, the only judge of this demo."""
    _, everyone = call(f"{sandbox}/_sandbox/profiles?all=true")
    _, journal = call(f"{sandbox}/_sandbox/journal")
    _, left = call(f"{sandbox}/_sandbox/profiles?email={EMAIL}")
    erased = sorted(one["profile_id"] for one in journal["erasures"])
    posts = [one for one in journal["calls"] if one["op"] == "submit"]
    others = [one for one in everyone if one["id"] not in IDS]
    kept = [one for one in others if one["email"] != "anonymous@qualifio.com"]
    print(f"records of the person left at the vendor: {len(left)}")
    print(f"records the vendor erased: {erased}, in {len(posts)} submission(s)")
    print(f"records of other people, untouched: {len(kept)} of {len(others)}")
    if left or set(erased) != IDS or len(erased) != len(IDS) or len(posts) != 1 or len(kept) != len(others):
        fail("the vendor does not hold what it should")


def look_at_the_ticket(sandbox, request):
    """Shows the real content of the ticket."""
    _, tickets = call(f"{sandbox}/_sandbox/tickets")
    ticket = next(one for one in tickets if one["id"] == TICKET)
    answers = [one for one in ticket["comments"] if f"rightful-receipt:{request}" in one["body"]]
    for answer in answers:
        print(f"{'public comment' if answer['public'] else 'internal note'}, ticket {ticket['status']}:\n")
        print("\n".join(f"  {line}".rstrip() for line in answer["body"].splitlines()))
    if len(answers) != 1 or len(ticket["comments"]) != 1 or answers[0]["public"] or ticket["status"] != "solved":
        fail(f"the ticket is {ticket['status']} and has {len(answers)} answers; it must have one, as an internal note")
    if EMAIL in json.dumps(ticket):
        fail("the answer names the person")


def main():
    began = time.monotonic()
    stage("Starting the embedded stack and the sandbox")
    subprocess.run([*STACK, "down", "--dir", str(DIR)], check=False, stdout=subprocess.DEVNULL)
    if subprocess.run([*STACK, "up", "--dir", str(DIR), "--finish-after-ms", "2800"], check=False).returncode != 0:
        fail("the embedded stack does not start")
    try:
        stack = json.loads((DIR / "stack.json").read_text())

        stage("Connecting Qualifio")
        rightful(
            "source", "add", "qualifio", "--id", "qualifio-main",
            "--set", "client_id=2449", "--set", "user_id=1201", "--set", f"base_url={stack['sandbox_url']}",
            "--secret", "token=-", "--control", "email=control@example.com",
            stdin=stack["sandbox_token"] + "\n",
        )
        rightful("source", "test", "qualifio-main")

        stage("A ticket arrives: erase the person")
        request = send_ticket(stack["channels"]["zendesk"])

        stage("Progress")
        rightful("request", "watch", request, "--timeout", "120")

        stage("Receipt")
        receipt = str(DIR / "receipt.json")
        rightful("request", "receipt", request, "-o", receipt)
        rightful("receipt", "verify", receipt)

        stage("The vendor's state")
        look_at_the_vendor(stack["sandbox_url"])

        stage("The ticket's answer")
        look_at_the_ticket(stack["sandbox_url"], request)
    finally:
        stage("Stopping everything")
        subprocess.run([*STACK, "down", "--dir", str(DIR)], check=False)
    ended = time.monotonic()
    print("\n== Time spent")
    for (title, at), until in zip(times, [at for _, at in times[1:]] + [ended]):
        print(f"{until - at:6.1f} s  {title}")
    print(f"{ended - began:6.1f} s  total")
    print(f"\nThe person is erased, and the ticket answered. The receipt is in {DIR.relative_to(ROOT)}/receipt.json.")
    print("To see and do the same on a page: `make up`, and open the link that it prints.")


if __name__ == "__main__":
    main()
