"""Entra ID and the metadata service, asked by the real azure-identity: who is let in, and why one is refused."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from tests.sandbox.azure.conftest import MANAGEMENT, VERSION, Cloud
from tests.sandbox.azure.sdk import RefusedError

GET = f"result = credential.get_token('{MANAGEMENT}/.default').token"
CONNECTION = "11111111-2222-3333-4444-555555555555"
NOBODY = "99999999-2222-3333-4444-555555555555"


def accepted(cloud: Cloud, token: str) -> bool:
    return cloud.ask("GET", cloud.workspace, params=VERSION, headers={"Authorization": f"Bearer {token}"}).is_success


def refusal(cloud: Cloud, code: str, **values: str) -> str:
    with pytest.raises(RefusedError) as refused:
        cloud.run(code, **values)
    assert refused.value.kind == "ClientAuthenticationError"
    return refused.value.message


class TestSecret:
    def test_its_token_opens_the_workspace(self, cloud: Cloud) -> None:
        assert accepted(cloud, cloud.run(GET))

    @pytest.mark.parametrize(
        ("wrong", "number"),
        [({"secret": "guessed"}, "AADSTS7000215"), ({"client_id": NOBODY}, "AADSTS700016")],
    )
    def test_a_wrong_one_and_an_unknown_application_are_refused(
        self, cloud: Cloud, wrong: dict[str, str], number: str
    ) -> None:
        assert number in refusal(cloud, GET, **wrong)

    def test_an_expired_one_is_refused(self, cloud: Cloud) -> None:
        cloud.world.clock.advance(200 * 24 * 3600)

        assert "AADSTS7000222" in refusal(cloud, GET)

    def test_an_unknown_tenant_is_refused(self, cloud: Cloud) -> None:
        assert "authority" in refusal(cloud, GET, tenant=NOBODY)
        assert [each.response_body["error_codes"] for each in cloud.world.journal.exchanges if each.status == 400] == [
            [90002]
        ]

    def test_a_resource_that_is_not_played_is_refused(self, cloud: Cloud) -> None:
        message = refusal(cloud, "credential.get_token('https://graph.microsoft.com/.default')")

        assert "AADSTS500011" in message
        assert "https://graph.microsoft.com" in message


class TestCertificate:
    CODE = "credential = CertificateCredential(tenant, client_id, certificate)\n" + GET

    def test_its_key_proves_the_application(self, cloud: Cloud) -> None:
        file = certificate(cloud.folder / "known.pem")
        cloud.world.azure.directory.add_certificate(cloud.builds, file.read_text())

        assert accepted(cloud, cloud.run(self.CODE, certificate=str(file)))

    def test_one_that_is_not_registered_is_refused(self, cloud: Cloud) -> None:
        file = certificate(cloud.folder / "known.pem")
        cloud.world.azure.directory.add_certificate(cloud.builds, file.read_text())
        other = certificate(cloud.folder / "other.pem")

        assert "AADSTS700027" in refusal(cloud, self.CODE, certificate=str(other))

    def test_a_registered_one_with_another_key_is_refused(self, cloud: Cloud) -> None:
        """The thumbprint is public: the signature is what counts."""
        known, other = certificate(cloud.folder / "known.pem"), certificate(cloud.folder / "other.pem")
        cloud.world.azure.directory.add_certificate(cloud.builds, known.read_text())
        private, _, _ = other.read_text().partition("-----BEGIN CERT")
        forged = cloud.folder / "forged.pem"
        forged.write_text(private + "-----BEGIN CERT" + known.read_text().partition("-----BEGIN CERT")[2])

        assert "AADSTS7000214" in refusal(cloud, self.CODE, certificate=str(forged))


class TestFederation:
    CODE = (
        "import os\nos.environ['SYSTEM_OIDCREQUESTURI'] = address\n"
        "credential = AzurePipelinesCredential(tenant_id=tenant, client_id=client_id, "
        "service_connection_id=connection, system_access_token=job_token)\n" + GET
    )
    # As a task does that asks for its assertion once and keeps it.
    KEPT = "credential = ClientAssertionCredential(tenant, client_id, lambda: assertion)\n" + GET

    @pytest.fixture
    def job(self, cloud: Cloud) -> dict[str, str]:
        """A running job, and a service connection that it may use."""
        world = cloud.world
        build = world.builds.create("ci", source_branch="refs/heads/main", source_version="f" * 40, repository="demo")
        record = world.builds.record(build.id, type="Job", name="Job", ref_name="job", parent=None, order=1)
        world.identity_tokens.connect(CONNECTION, "azure")
        hub = f"{cloud.server.collection_url}{world.project.id}/_apis/distributedtask/hubs/build"
        return {
            "address": f"{hub}/plans/{build.plan_id}/jobs/{record.id}/oidctoken",
            "connection": CONNECTION,
            "job_token": world.tokens.issue("Build Service"),
        }

    def federate(self, cloud: Cloud, **other: str) -> None:
        tokens = cloud.world.identity_tokens
        told = {"issuer": tokens.issuer, "subject": tokens.subject("azure"), **other}
        cloud.world.azure.directory.federate(cloud.builds, **told)

    def assertion(self, cloud: Cloud) -> str:
        build = cloud.world.builds.create("ci", source_branch="x", source_version="f" * 40, repository="demo")
        cloud.world.identity_tokens.connect(CONNECTION, "azure")
        return cloud.world.identity_tokens.issue(build, CONNECTION)

    def test_a_job_signs_in_without_a_secret(self, cloud: Cloud, job: dict[str, str]) -> None:
        self.federate(cloud)

        assert accepted(cloud, cloud.run(self.CODE, **job))

    def test_a_new_assertion_is_taken_hours_later(self, cloud: Cloud, job: dict[str, str]) -> None:
        self.federate(cloud)
        cloud.world.clock.advance(3 * 3600)

        assert accepted(cloud, cloud.run(self.CODE, **job))

    def test_a_kept_assertion_expires_within_minutes(self, cloud: Cloud) -> None:
        self.federate(cloud)
        assertion = self.assertion(cloud)
        assert accepted(cloud, cloud.run(self.KEPT, assertion=assertion))

        cloud.world.clock.advance(601)

        message = refusal(cloud, self.KEPT, assertion=assertion)
        assert "AADSTS700024: Client assertion is not within its valid time range. Current time: " in message

    @pytest.mark.parametrize(
        ("other", "number"),
        [
            ({"issuer": "https://vstoken.dev.azure.com/other"}, "AADSTS700211"),
            ({"audience": "api://other"}, "AADSTS700212"),
            ({"subject": "sc://sandbox/demo/other"}, "AADSTS700213"),
            ({"subject": "sc://Sandbox/demo/azure"}, "AADSTS700213"),
        ],
    )
    def test_issuer_audience_and_subject_must_match_to_the_letter(
        self, cloud: Cloud, other: dict[str, str], number: str
    ) -> None:
        self.federate(cloud, **other)

        assert number in refusal(cloud, self.KEPT, assertion=self.assertion(cloud))

    def test_an_assertion_that_somebody_else_signed_is_refused(self, cloud: Cloud) -> None:
        self.federate(cloud)
        head, claims, _ = self.assertion(cloud).split(".")
        _, _, signature = cloud.token().split(".")

        assert "AADSTS7000214" in refusal(cloud, self.KEPT, assertion=f"{head}.{claims}.{signature}")

    @pytest.mark.parametrize(("wrong", "status"), [({"connection": NOBODY}, 404), ({"job_token": "guessed"}, 401)])
    def test_the_job_gets_no_assertion_for_what_is_not_its_own(
        self, cloud: Cloud, job: dict[str, str], wrong: dict[str, str], status: int
    ) -> None:
        self.federate(cloud)
        refusal(cloud, self.CODE, **{**job, **wrong})

        assert cloud.world.journal.exchanges[-1].status == status


class TestManagedIdentity:
    CODE = "credential = ManagedIdentityCredential(**named)\n" + GET

    def test_a_machine_signs_in_as_the_identity_it_was_given(self, cloud: Cloud) -> None:
        cloud.world.azure.directory.assign_to_machine(cloud.builds)

        assert accepted(cloud, cloud.run(self.CODE, named={}))
        assert accepted(cloud, cloud.run(self.CODE, named={"client_id": cloud.builds.client_id}))

    @pytest.mark.parametrize("named", [{}, {"client_id": NOBODY}])
    def test_a_machine_without_that_identity_gets_no_token(self, cloud: Cloud, named: dict[str, str]) -> None:
        if named:
            cloud.world.azure.directory.assign_to_machine(cloud.builds)
        with pytest.raises(RefusedError) as refused:
            cloud.run(self.CODE, named=named)

        assert refused.value.kind == "CredentialUnavailableError"
        assert "Identity not found" in refused.value.message


class TestSovereignClouds:
    NAMES = (
        ("login.microsoftonline.us", "management.usgovcloudapi.net"),
        ("login.chinacloudapi.cn", "management.chinacloudapi.cn"),
    )

    @pytest.mark.parametrize(("authority", "management"), NAMES)
    def test_they_sign_in_and_answer_under_their_own_names(self, cloud: Cloud, authority: str, management: str) -> None:
        code = "credential = ClientSecretCredential(tenant, client_id, secret, authority=authority)\n"
        code += f"result = credential.get_token('https://{management}/.default').token"
        headers = {"Authorization": f"Bearer {cloud.run(code, authority=authority)}"}

        own = cloud.ask("GET", f"https://{management}{cloud.workspace}", params=VERSION, headers=headers)
        public = cloud.ask("GET", cloud.workspace, params=VERSION, headers=headers)

        assert (own.status_code, public.status_code) == (200, 401)

    def test_none_gives_tokens_for_another_ones_services(self, cloud: Cloud) -> None:
        code = "credential = ClientSecretCredential(tenant, client_id, secret, authority='login.microsoftonline.us')\n"

        assert "AADSTS500011" in refusal(cloud, code + GET)


class TestTokens:
    """Checked by every service that is asked."""

    def asked(self, cloud: Cloud, token: str) -> tuple[int, str]:
        headers = {"Authorization": f"Bearer {token}"} if token else {"Authorization": ""}
        answer = cloud.ask("GET", cloud.workspace, params=VERSION, headers=headers)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer authorization_uri=")
        return answer.status_code, answer.json()["error"]["code"]

    def test_an_absent_and_a_forged_one_are_refused(self, cloud: Cloud) -> None:
        assert self.asked(cloud, "") == (401, "AuthenticationFailed")
        assert self.asked(cloud, cloud.token()[:-8] + "AAAAAAAA") == (401, "InvalidAuthenticationToken")

    def test_one_for_another_service_is_refused(self, cloud: Cloud) -> None:
        token = cloud.token("https://storage.azure.com")

        assert self.asked(cloud, token) == (401, "InvalidAuthenticationTokenAudience")

    def test_one_of_another_tenant_is_refused(self, cloud: Cloud) -> None:
        directory = cloud.world.azure.directory
        stranger = directory.register("stranger", directory.create_tenant())
        secret = directory.add_secret(stranger)
        token = cloud.run(GET, tenant=stranger.tenant, client_id=stranger.client_id, secret=secret)

        assert self.asked(cloud, token) == (401, "InvalidAuthenticationTokenTenant")

    def test_one_ends_after_an_hour(self, cloud: Cloud) -> None:
        token = cloud.token()
        cloud.world.clock.advance(3590)
        assert accepted(cloud, token)

        cloud.world.clock.advance(10)

        assert self.asked(cloud, token) == (401, "ExpiredAuthenticationToken")

    def test_a_short_life_lets_a_client_refresh_within_a_test(self, cloud: Cloud) -> None:
        """azure-identity takes a new token five minutes before the old one ends."""
        cloud.world.azure.tokens.life = 200

        first, second = cloud.run(GET.replace("result =", "first =") + f"\n{GET}\nresult = [first, result]")

        assert first != second


def certificate(file: Path) -> Path:
    """A key with a certificate that it signed itself, as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "builds")])
    now = datetime.now(timezone.utc)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=9))
    ).sign(key, hashes.SHA256())
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file.write_bytes(key.private_bytes(*form) + made.public_bytes(serialization.Encoding.PEM))
    return file
