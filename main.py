# Second on every start: hands over to the app, and says in one line why it could not.

from thingscam import app, config
from thingscam.camera import CameraError
from thingscam.session import CertificateError

try:
    app.run(config.load())
except (config.ConfigError, CameraError, CertificateError) as e:
    print("STOPPED", e)
