# Puts what surrounds the service around it: proxies, log, figures, login.

from ..service.observed import observed


def surround(app, *, proxies=None, log=None, metrics=None, health=None, login=None):
    """Put around `app` (of server.make_app, not yet started) what is not None.

    `proxies` is a Proxies, `log` a Log, `metrics` a Metrics, `health` a Health, `login` a Login.
    """
    around = []
    if proxies:
        around.append(proxies.middleware)
    observers = [each.request for each in (log, metrics) if each]
    if observers:
        around.append(observed(observers))
    for part in (health, metrics, login):
        if part:
            part.add_to(app)
    if login:
        around.append(login.middleware)
    app.middlewares[:0] = around
