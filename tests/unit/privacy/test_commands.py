"""Passwords that commands are given go, with nothing around them; options of the same letter stay."""

from __future__ import annotations

import pytest

from rung.privacy.redact import redact

GIVEN = (
    "docker login -u me -p «winter» registry.example",
    "az login --service-principal -u app -p «S3cretPw1» --tenant t",
    "redis-cli -h db -a «winter» ping",
    "mosquitto_pub -h mq -u me -P «winter» -t topic",
    "ldapsearch -x -w «S3cretPw1» -D cn=x",
    "openssl rsa -passin pass:«S3cretPw1» -in key.pem",
    "apksigner sign --ks-pass pass:«S3cretPw1» app.apk",
    "mongo -u a -p «S3cretPw1»",
    "mongo -u a -p '«S3cretPw1»' --authenticationDatabase admin",
    "mongodump --host h -u a -p«S3cretPw1» -d db",
    "smbclient //h/x -U me%«S3cretPw1»",
    "smbclient //h/x -U 'DOM\\me%«S3cretPw1»' -c ls",
    "rpcclient -U=me%«S3cretPw1» host",
    "keytool -storepass «S3cretPw1» -x",
    "keytool -genkey -keystore k.jks -storepass «marmalade9» -keypass other",
    'subprocess.run(["keytool", "-list", "-storepass", "«S3cretPw1»"])',
    "jarsigner -keystore k -storepass «winter» a.jar alias",
    '    storePassword "«S3cretPw1»"',
    "    keyPassword '«winter»'",
    "openssl enc -aes-256-cbc -k «S3cretPw1» -in a -out b",
    "openssl enc -k «S3cretPw1»",
    "zip -P «S3cretPw1» x.zip a",
    "unzip -P «S3cretPw1» x.zip",
    'execFile("zip", ["-P", "«S3cretPw1»", "x.zip"])',
    "7z a -p«S3cretPw1» x.7z dir",
    "rar a -hp«S3cretPw1» x.rar dir",
    "sqlcmd -S host -U sa -P «S3cretPw1» -Q x",
    "cqlsh -u me -p «S3cretPw1» host",
    "net use z: \\\\srv\\x /user:me «S3cretPw1»",
    "net use z: \\\\srv\\x «S3cretPw1» /user:me",
    "net user me «S3cretPw1» /add",
    "xfreerdp /u:me /p:«S3cretPw1» /v:host",
    "cmdkey /add:host /user:me /pass:«S3cretPw1»",
    "lftp -u me,«S3cretPw1» sftp://host",
    "htpasswd -b -c .htpasswd me «S3cretPw1»",
    "rabbitmqctl add_user me «S3cretPw1»",
    "snmpwalk -v3 -u me -A «S3cretPw1» host",
    "ssh-keygen -t ed25519 -N «S3cretPw1» -f key",
    "wpa_passphrase MyNet «S3cretPw1»",
    "mysqladmin -u root password «S3cretPw1»",
    "vault login «hvx-Zt1Lk0vN2xWc7R5mP3»",
    "sudo -S apt update <<< '«S3cretPw1»'",
    "echo '«S3cretPw1»' | sudo -S x",
    "echo «winter» | sudo -S -k apt update",
    "printf '%s\\n' '«S3cretPw1»' | sudo -S x",
    "echo «S3cretPw1» | kinit me@REALM",
    "echo 'me:«S3cretPw1»' | chpasswd",
    "echo me:«S3cretPw1» | sudo chpasswd",
    "vault kv put secret/app password=«winter»",
    "$ vault kv put -mount=secret app user=me password='«S3cretPw1»'",
    "vault write auth/userpass/users/me password=«S3cretPw1» policies=default",
    "bao kv patch secret/app db_password=«S3cretPw1»",
    "consul kv put db/password «S3cretPw1»",
    "etcdctl put /db/password '«S3cretPw1»'",
    "pulumi config set --secret dbPassword «S3cretPw1»",
    "chamber write shop db_password -- «S3cretPw1»",
    "az keyvault secret set --vault-name v --name db --value «S3cretPw1»",
    "az keyvault secret set --value='«S3cretPw1»' --vault-name v --name db",
    "aws configure set aws_secret_access_key «S3cretPw1»",
    "aws configure set profile.x.aws_session_token «S3cretPw1»",
    "npm config set //registry.npmjs.org/:_authToken «S3cretPw1»",
    "npm config set //registry.example/:_password=«S3cretPw1»",
    "terraform apply -var db_password=«S3cretPw1»",
    "tofu plan -var='db_password=«S3cretPw1»' -out plan",
    "ansible-vault encrypt_string '«S3cretPw1»' --name 'db_password'",
    "ansible-vault encrypt_string --vault-id dev@f --name db '«S3cretPw1»'",
    "curl -F user=me -F password=«S3cretPw1» https://x.example",
    "curl --form 'api_key=«S3cretPw1»' https://x.example",
    "http POST x.example/login user=me password=«S3cretPw1»",
    '{{ .Values.db.password | default "«S3cretPw1»" | quote }}',
    "gcloud secrets versions add db --data-file=- <<< «S3cretPw1»",
    "echo -n «S3cretPw1» | gcloud secrets create db --data-file=-",
    "printf '«S3cretPw1»' | docker secret create db -",
)
STAYS = (
    "vault kv get -field=password secret/app",
    "vault kv put secret/app password=$PASSWORD; vault write auth/x token=...",
    "vault kv put secret/app user=me2024 region=eu-west-1",
    "consul kv put config/region eu-west-1; etcdctl put /flags/beta2 on2024",
    "consul kv get db/password; etcdctl get /db/password --print-value-only",
    "az keyvault secret set --value $PW --name db; az keyvault secret show --name db-2024",
    "aws configure set region eu-west-1; aws configure set aws_secret_access_key $KEY",
    "npm config set registry https://registry.example; npm config set //r/:_authToken ${NPM_TOKEN}",
    "terraform apply -var region=eu-west-1 -var-file=prod2.tfvars; terraform plan -var token=$TOKEN",
    "ansible-vault encrypt_string --stdin-name db_password; ansible-vault edit vars2024.yml",
    "curl -F file=@report2024.pdf -F name=report2024 https://x.example",
    "http POST x.example/login user=me2024 password=$PASSWORD",
    '{{ .Values.image.tag | default "v2.4.1" }}; {{ .Values.tokenName | default .Release.Name }}',
    "gcloud secrets versions access latest --secret=db-2024",
    "docker run -p 8080:80 image && docker login registry.example",
    "docker login -u me -p $PASSWORD registry.example",
    "ssh -p 2222 host; mkdir -p build/dir2; nmap -p 80-443 host",
    "mongo --port 27017 -u me -p --authenticationDatabase admin",
    "mongo -u me -p <password>",
    "mongo -u me -p password",
    "mongo.connect(url); ls -p a1b2",
    'keytool -storepass:env STOREPASS -storepass "$STOREPASS"',
    "keytool -storepass changeit",
    "storePassword System.getenv('STORE_PASSWORD')",
    "storePassword keystoreProperties['storePassword']",
    "openssl enc -k $PASS; openssl s_client -key file.pem -pass env:PASS",
    "openssl req -new -key key.pem -out csr.pem",
    "zip -r out.zip a; zip -9 -r site-2024.zip dir",
    "unzip -P $PW x.zip",
    "the zip option -P asks for a password",
    "7z a -pmypassword x.7z; 7z x archive2024.7z -pack",
    "rar a -p x.rar",
    "smbclient //h/x -U me%$PASS; smbclient -U me",
    'redis-cli -a "$REDIS_PASSWORD" ping',
    'echo "$PW" | sudo -S x; echo yes | sudo -S x; echo y | sudo -S apt install x',
    "echo 'deb https://host.example stable main' | sudo tee /etc/apt/sources.list",
    "echo hello2 | sudo tee -a file",
    'echo "$USER:$PASS" | chpasswd',
    "net use z: \\\\srv\\x /user:me; net user me /add; net user",
    "vault login -method=github; vault login $TOKEN",
    'htpasswd -c .htpasswd me; htpasswd -nbB me "$PW"',
    'sudo -S apt update <<< "$PW"',
    "useradd -m -s /bin/bash me; usermod -aG docker me",
    "ssh-keygen -t rsa -b 4096 -N '' -f key",
    "passing pass: 12, pass:fail, bypass:none",
)


@pytest.mark.parametrize("template", GIVEN)
def test_a_password_that_a_command_is_given_goes_alone(template: str) -> None:
    before, _, rest = template.partition("«")
    secret, _, after = rest.partition("»")
    for start, end in (("", ""), ("+", ""), ("-", ""), ("$ ", ""), ("RUN ", " && x"), ("why does `", "` fail?")):
        text = f"first\n{start}{before}{secret}{after}{end}\nlast\n"
        redacted = redact(text)
        assert redacted.text in {
            f"first\n{start}{before}[redacted-{kind}-1]{after}{end}\nlast\n" for kind in ("password", "secret")
        }, start
        assert redacted.restore(redacted.text) == text


@pytest.mark.parametrize("line", STAYS)
def test_what_is_no_password_of_a_command_stays(line: str) -> None:
    for sign in ("", "+", "-", "$ ", "  "):
        assert redact(f"{sign}{line}\n").text == f"{sign}{line}\n"
