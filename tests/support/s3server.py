# An S3 server over real HTTP: moto's, in a process of its own.
#
# Run as a program it listens until it is ended: python -m tests.support.s3server [CERTIFICATE]

import contextlib
import functools
import itertools
import os
import sys

import botocore.session
import requests

from tests.support.world import server

KEY = {"key": "someone", "secret": "a secret of S3's"}
_numbers = itertools.count(1)

# botocore reads megabytes of its own JSON for each client that is made, and the tests make
# hundreds: once is enough.
botocore.session.create_loader = functools.cache(botocore.session.create_loader)


def running(*certificate):
    """Run the server until the block ends; the value is its URL.

    With a file of certificate and key it speaks TLS.
    """
    return server("tests.support.s3server", *certificate)


@contextlib.contextmanager
def asking_for_keys():
    """Run one that checks keys, signatures and rights; the value is its URL, and a key of each.

    The keys are the options of one that may do all, and of one that may do nothing.
    """
    import boto3

    with running() as url:
        iam = boto3.client(
            "iam",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="x",
            aws_secret_access_key="x",
        )
        keys = []
        for name, effect in (("all", "Allow"), ("nothing", "Deny")):
            iam.create_user(UserName=name)
            iam.put_user_policy(
                UserName=name,
                PolicyName="it",
                PolicyDocument='{"Version": "2012-10-17", "Statement": {"Effect": "%s", '
                '"Action": "s3:*", "Resource": "*"}}' % effect,
            )
            found = iam.create_access_key(UserName=name)["AccessKey"]
            keys.append({"key": found["AccessKeyId"], "secret": found["SecretAccessKey"]})
        made = bucket(url)
        answer = requests.post(url + "/moto-api/reset-auth", data="0", timeout=10)
        assert answer.status_code == 200
        yield url, made, *keys


def bucket(url, verify=True):
    """Make a bucket at the server `url` and return its name, a new one each time."""
    name = f"pictures-{os.getpid()}-{next(_numbers)}"
    assert requests.put(f"{url}/{name}", timeout=10, verify=verify).status_code == 200
    return name


def main(certificate=None):
    """Listen until ended."""
    import logging

    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app = DomainDispatcherApplication(create_backend_app)
    pair = (certificate, certificate) if certificate else None
    listening = make_server("127.0.0.1", 0, app, threaded=True, ssl_context=pair)
    scheme = "https" if certificate else "http"
    print(f"listening on {scheme}://127.0.0.1:{listening.port}", flush=True)
    listening.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
