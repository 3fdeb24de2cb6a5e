"""The house service: the studio for many artists, by invitation, on a machine that a host lends (docs/host.md).

    settings.py       one TOML file to ServiceSettings
    models.py         the tables; database.py opens them, in SQLite or PostgreSQL
    house.py          House: what every part of the service shares
    codes.py          secrets: made, and kept as a hash alone
    passphrases.py    argon2
    invitations.py    made, listed, revoked, used once
    accounts.py       joining, signing in, the account and its end
    lockout.py        too many wrong passphrases; rates.py too many requests
    sessions.py       who a browser is; tokens.py who a program is
    decode.py         an upload is opened in a process of its own, with little memory and time; decoding.py is that one
    storage.py        the folders of the artists, and names in them that nobody guesses
    queue.py          the jobs: fair shares, daily limits, each ends once
    submit.py         an upload's whole way into the queue
    worker.py         glazes what waits, in a process of its own; supervisor.py keeps it alive
    retention.py      deletes in time
    mail.py           tells an artist that a picture is done
    guard.py          what stands before every request: hosts, sizes, origins, headers
    forms.py          the routes of the account pages; what they look like is a Render's to say
    look.py           what they look like, from templates/ and static/
    pictures.py       the light page for phones; uploads.py takes pictures in pieces
    studio.py         hangs up the studio's pages; artist_queue.py is what they see of the queue
    api.py            the interface for programs, under /api/v1
    app.py            all of it as one application; serve.py runs it

Whoever builds pages needs House, `sessions.artist_of`, `queue`, `submit`, and `forms.Render`.
"""
