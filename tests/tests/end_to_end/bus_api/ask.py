"""Asks the gateway over AMQP as its AsyncAPI document says; knows nothing else of it.

usage: ask.py AMQP_URL <REQUESTS >REPLIES, both a JSON array. A request is
{"class", "method", "target"} with a "token" or a whole "authorization", or {"class", "raw"} for a body that is
sent as it is.
"""

import datetime
import json
import sys
import uuid

import pika

TIMEOUT = 30


def envelope(request, message_id):
    now = datetime.datetime.now(datetime.timezone.utc)
    authorization = "Bearer " + request["token"] if "token" in request else request.get("authorization")
    time = lambda at: at.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return json.dumps({
        "v": 1,
        "message_id": message_id,
        "received_at": time(now),
        "deadline": time(now + datetime.timedelta(seconds=TIMEOUT)),
        "method": request["method"],
        "target": request["target"],
        "headers": [] if authorization is None else [["authorization", authorization]],
    })


def ask(connection, channel, replies, request):
    message_id = str(uuid.uuid4())
    body = request["raw"] if "raw" in request else envelope(request, message_id)
    properties = pika.BasicProperties(
        content_type="application/json", message_id=message_id, correlation_id=message_id,
        reply_to="amq.rabbitmq.reply-to", expiration=str(TIMEOUT * 1000), delivery_mode=1)
    channel.basic_publish("gateway.requests", request["class"], body, properties, mandatory=True)
    end = datetime.datetime.now() + datetime.timedelta(seconds=TIMEOUT)
    while message_id not in replies and datetime.datetime.now() < end:
        connection.process_data_events(time_limit=1)
    return replies.get(message_id)


def main():
    connection = pika.BlockingConnection(pika.URLParameters(sys.argv[1]))
    channel = connection.channel()
    replies = {}
    keep = lambda _channel, _method, properties, body: replies.update({properties.correlation_id: json.loads(body)})
    channel.basic_consume("amq.rabbitmq.reply-to", keep, auto_ack=True)
    channel.confirm_delivery()
    print(json.dumps([ask(connection, channel, replies, request) for request in json.load(sys.stdin)]))
    connection.close()


main()
