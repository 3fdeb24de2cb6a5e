"""The routes of the account pages: forms in, pages and redirects out. They work without any script.

    GET       what                       POST                                   fields
    /         leads to the studio, or to /sign-in
    /join     ?invitation=CODE           /join                                  invitation name passphrase rules=yes
                                                                                email language
    /sign-in  ?then=/path                /sign-in                               name passphrase then
                                         /sign-out, /sign-out-everywhere
    /account  jobs, tokens, settings     /account/email                         email
                                         /account/language                      language
                                         /account/passphrase                    old new
                                         /account/tokens                        name
                                         /account/tokens/ID/revoke
                                         /account/delete                        passphrase
    /jobs/ID/result, /jobs/ID/original   /jobs/ID/delete
    /admin    invitations, artists       /admin/invitations                     note days
                                         /admin/invitations/ID/revoke

Every form has the field `csrf` besides.
"""

from __future__ import annotations

from fastapi import APIRouter

from glaze.service import account_forms, admin_forms, entrance


def router() -> APIRouter:
    """All of it."""
    routes = APIRouter(include_in_schema=False)
    for part in (entrance, account_forms, admin_forms):
        routes.include_router(part.routes)
    return routes
