"""A stand-in for the Microsoft identity platform: OpenID metadata, signing keys, client credentials. Real RSA keys.

The same over HTTP and, for peers that insist on it, over HTTPS with a certificate of its own authority.
"""

from __future__ import annotations

import datetime
import functools
import ipaddress
import json
import os
import ssl
import time
from pathlib import Path
from typing import Any

import jwt
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

TENANT = "d6d49420-f39b-4df7-a1dc-d59a935871db"
ISSUER = f"https://sts.windows.net/{TENANT}/"
ENDORSEMENTS = ["telephony", "directline", "msteams", "emulator"]


@functools.cache
def _key(number: int) -> rsa.RSAPrivateKey:
    """Real keys take a moment to make; tests may share them."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class IdentityDouble:
    """``apps``: app ids and their secrets. Counters and switches are for tests to look at and to turn."""

    def __init__(self, apps: dict[str, str]) -> None:
        self.apps = apps
        self.tokens_given = self.keys_asked = 0
        self.expires_in: Any = 3599
        self.down = False
        self._kid = 0
        self._runner: web.AppRunner | None = None
        self.url = self.secure_url = ""
        self.rotate()

    def rotate(self) -> None:
        """Sign with a new key from now on; the old one is no longer published."""
        self._kid += 1
        self.key = _key(self._kid)

    def sign(self, *, key: Any = None, kid: str = "", **claims: Any) -> str:
        """A token with these claims; with another ``key``: a forgery."""
        now = int(time.time())
        payload = {"iss": ISSUER, "nbf": now - 5, "iat": now, "exp": now + 3600, "ver": "1.0", "tid": TENANT} | claims
        headers = {"kid": kid or f"key{self._kid}", "x5t": kid or f"key{self._kid}"}
        return jwt.encode(payload, key or self.key, algorithm="RS256", headers=headers)

    def bot_token(self, app_id: str, **claims: Any) -> str:
        """What the bot ``app_id`` shows to its channel."""
        return self.sign(**({"aud": "https://api.botframework.com", "appid": app_id} | claims))

    def registered(self, app_id: str) -> dict[str, Any]:
        """What the settings of the bot ``app_id`` say of it, with its secret in the environment."""
        variable = f"SECRET_OF_{app_id}"
        os.environ[variable] = self.apps[app_id]
        return {"app_id": app_id, "secret_env": variable, "authority": self.url}

    async def start(self, certificates: Path | None = None) -> None:
        """Listen on HTTP; with ``certificates``, a folder, on HTTPS as well: it then holds ``ca.pem``."""
        application = web.Application()
        application.router.add_get("/{tail:.*openid-?configuration}", self._metadata)
        application.router.add_get("/keys", self._keys)
        application.router.add_get("/common/discovery/instance", self._instance)
        application.router.add_post("/{tail:.*oauth2/(v2.0/)?token}", self._token)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        if certificates is not None:
            await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=_certified(certificates)).start()
            self.secure_url = f"https://localhost:{self._runner.addresses[1][1]}"

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def _base(self, request: web.Request) -> str:
        return self.secure_url if request.secure else self.url

    async def _metadata(self, request: web.Request) -> web.Response:
        if self.down:
            raise web.HTTPServiceUnavailable
        base, tenant = self._base(request), request.path.strip("/").split("/")[0]
        return web.json_response(
            {
                "issuer": f"{base}/{tenant}/v2.0" if request.secure else ISSUER,
                "authorization_endpoint": f"{base}/{tenant}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/{tenant}/oauth2/v2.0/token",
                "jwks_uri": f"{base}/keys",
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        )

    async def _instance(self, request: web.Request) -> web.Response:
        base = self._base(request)
        return web.json_response(
            {"tenant_discovery_endpoint": f"{base}/{TENANT}/v2.0/.well-known/openid-configuration"}
        )

    async def _keys(self, _: web.Request) -> web.Response:
        self.keys_asked += 1
        if self.down:
            raise web.HTTPServiceUnavailable
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        name = f"key{self._kid}"
        public |= {"kid": name, "x5t": name, "use": "sig", "alg": "RS256", "endorsements": ENDORSEMENTS}
        malformed = {"kty": "RSA", "kid": "malformed", "n": "AQ", "e": 3}
        return web.json_response({"keys": [{"kty": "EC", "kid": "unused"}, malformed, public]})

    async def _token(self, request: web.Request) -> web.Response:
        if self.down:
            raise web.HTTPServiceUnavailable
        form = await request.post()
        app_id = str(form.get("client_id"))
        if app_id not in self.apps or self.apps[app_id] != form.get("client_secret"):
            refusal = {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided."}
            return web.json_response(refusal, status=401)
        self.tokens_given += 1
        audience = str(form.get("scope") or form.get("resource")).removesuffix("/.default")
        token = self.sign(aud=audience, appid=app_id, jti=str(self.tokens_given))
        return web.json_response({"token_type": "Bearer", "expires_in": self.expires_in, "access_token": token})


def _certified(folder: Path) -> ssl.SSLContext:
    """A server context whose certificate is its own authority, written to ``folder/ca.pem``."""
    key = _key(0)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "ca.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "ca.pem", folder / "key.pem")
    return context
