"""The measured calls, and a bare GetItem as their reference."""

import base64
import hashlib
import hmac
import http.client
import json
import socket
import statistics
import time

from builds import Failed
from runtime_api import Conversation

SOURCE, EMAIL, DELIVERY = "qualifio-main", "joao@qualifio.com", "msg_bench"


class Case:
    """One call of one function, and the required part of its answer."""

    def __init__(self, function, what, event, right):
        self.function, self.what, self.event, self.right = function, what, event, right
        self.env, self.calls, self.runs = {}, [], {}

    def run(self, command, log, calls, env=None):
        """Starts it, and calls it once cold and `calls` times warm."""
        talk = Conversation(command, env or self.env, log)
        try:
            ready = talk.processor()
            answer, first = talk.invoke(self.event)
            self.check(answer)
            begun = talk.processor()
            warm = []
            for _ in range(calls):
                answer, seconds = talk.invoke(self.event)
                self.check(answer)
                warm.append(seconds)
            ended = talk.processor()
            known = None not in (ready, begun, ended)
            return {
                "start": talk.start, "first": first, "warm": warm, "memory": talk.peak(),
                "start_processor": begun if known else None,
                "warm_processor": (ended - begun) / calls if known and calls else None,
            }
        finally:
            talk.close()

    def check(self, answer):
        if not self.right(answer):
            raise Failed(f"{self.function}, {self.what}: answered {json.dumps(answer)[:300]}")

    def figures(self, build):
        """The medians of all rounds, in milliseconds and megabytes; warm calls all together."""
        runs = self.runs.get(build)
        if not runs:
            return None
        middle = lambda values, by: statistics.median(values) * by if None not in values else None
        return {
            "start": middle([run["start"] for run in runs], 1e3),
            "first": middle([run["first"] for run in runs], 1e3),
            "warm": middle([one for run in runs for one in run["warm"]], 1e3),
            "start_processor": middle([run["start_processor"] for run in runs], 1e3),
            "warm_processor": middle([run["warm_processor"] for run in runs], 1e3),
            "memory": middle([run["memory"] for run in runs], 1e-6),
        }


def signed(secret, body):
    """The event of an HTTP API for a delivery, signed by Standard Webhooks, and its headers."""
    timestamp = str(int(time.time()))
    key, message = base64.b64decode(secret.removeprefix("whsec_")), f"{DELIVERY}.{timestamp}.{body}".encode()
    mac = hmac.new(key, message, hashlib.sha256)
    headers = {
        "content-type": "application/json", "webhook-id": DELIVERY, "webhook-timestamp": timestamp,
        "webhook-signature": "v1," + base64.b64encode(mac.digest()).decode(),
    }
    path = "/webhooks/standard"
    event = {
        "version": "2.0", "routeKey": "POST /webhooks/{channel}", "rawPath": path, "rawQueryString": "",
        "headers": headers, "pathParameters": {"channel": "standard"}, "body": body, "isBase64Encoded": False,
        "requestContext": {
            "accountId": "000000000000", "apiId": "bench", "domainName": "localhost", "domainPrefix": "bench",
            "http": {"method": "POST", "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1",
                     "userAgent": "bench"},
            "requestId": "bench", "routeKey": "POST /webhooks/{channel}", "stage": "$default",
            "time": "01/Jan/2026:00:00:00 +0000", "timeEpoch": 1767225600000,
        },
    }
    return event, headers


def cases(request, delivery):
    task = {"requestId": request, "sourceId": SOURCE}
    settled = lambda answer: answer.get("state") == "settled"
    accepted = lambda answer: answer["statusCode"] == 202 and json.loads(answer["body"])["request_id"] == request
    return [
        Case("intake", "a signed delivery, repeated", delivery, accepted),
        Case("search", "task passed over", {"mode": "search", **task}, settled),
        Case("search", "one call to the vendor", {"mode": "test", "sourceId": SOURCE},
             lambda answer: answer == {"tested": SOURCE}),
        Case("submit", "task passed over", task, settled),
        Case("status-check", "task passed over", task, settled),
        Case("close", "closed request passed over", {"requestId": request}, lambda answer: answer["state"] == "closed"),
        Case("reconcile", "nothing due", {}, lambda answer: "examined" in answer),
    ]


class Floor:
    """The same GetItem over one connection, signed beforehand: the emulator's own time."""

    def __init__(self, stack, request):
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        self.endpoint = stack["aws_endpoint_url"]
        self.body = json.dumps({
            "TableName": stack["requests_table"], "ConsistentRead": True,
            "Key": {"pk": {"S": f"REQUEST#{request}"}, "sk": {"S": f"TASK#{SOURCE}"}},
        }).encode()
        signing = AWSRequest("POST", self.endpoint + "/", data=self.body, headers={
            "content-type": "application/x-amz-json-1.0", "x-amz-target": "DynamoDB_20120810.GetItem"})
        credentials = Credentials(stack["access_key_id"], stack["secret_access_key"])
        SigV4Auth(credentials, "dynamodb", stack["region"]).add_auth(signing)
        self.headers = dict(signing.headers.items())
        self.seconds = []

    def measure(self, calls):
        connection = http.client.HTTPConnection(self.endpoint.removeprefix("http://"))
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(calls):
            began = time.perf_counter()
            connection.request("POST", "/", self.body, self.headers)
            response = connection.getresponse()
            answer = response.read()
            self.seconds.append(time.perf_counter() - began)
            if response.status != 200 or b'"Item"' not in answer:
                raise Failed(f"GetItem: {response.status} {answer[:200].decode(errors='replace')}")
        connection.close()
