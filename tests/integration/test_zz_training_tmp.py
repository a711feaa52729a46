import asyncio, json
from uuid import uuid4
import httpx, schemathesis
from hypothesis import settings as hs, HealthCheck
from pathlib import Path
from tests.integration.test_training_pages import training, Site, TODAY, SINCE
from tests.fixtures.web import browsing
from schemathesis.specs.openapi.checks import *
import schemathesis.openapi as so

async def test_fuzz(training: Site) -> None:
    path = await training.active(); await training.course(); amina = await training.amina()
    c = path.rsplit("/",1)[1]
    await training.send(path, f"{path}/iscrivi", person_id=amina, on=TODAY.isoformat())
    await training.running.quiet()
    async with browsing(training.app) as cl0: pass
    async with browsing(training.app, "training_operator") as client:
        doc = (await client.get("/training/api/openapi.json")).json()
        schema = so.from_dict(doc)
        import random
        n = {}
        cases = []
        for op in schema.get_all_operations():
            o = op.ok()
            strat = o.as_strategy()
            from hypothesis import given, seed
            @hs(max_examples=40, database=None, suppress_health_check=list(HealthCheck), deadline=None)
            @given(case=strat)
            def collect(case, o=o): cases.append((o, case))
            collect()
        bad = []
        for o, case in cases:
            for real in (False, True):
                pp = dict(case.path_parameters or {})
                if real and "course_id" in pp: pp["course_id"]=c
                if real and "person_id" in pp: pp["person_id"]=amina
                from urllib.parse import quote
                url = "/training" + o.path.format(**{k: quote(str(v), safe="") for k,v in pp.items()})
                body = case.body if o.method.lower()!="get" else None
                kw = {}
                try:
                    if body is not None and type(body).__name__ != "NotSet": kw["json"]=body
                    r = await client.request(o.method.upper(), url, params={k:v for k,v in (case.query or {}).items()} , headers={"idempotency-key": str(uuid4())}, **kw)
                except (UnicodeEncodeError, httpx.InvalidURL): continue
                n[(o.method,o.path,r.status_code)] = n.get((o.method,o.path,r.status_code),0)+1
                if r.status_code>=500: bad.append((o.method,url,case.query,body,r.text))
                else:
                    try: o.validate_response
                    except Exception: pass
        print(n)
        assert not bad, bad[:3]

async def test_shots(training: Site) -> None:
    from datetime import timedelta
    path = await training.course(seats="4")
    v = await training.vacancy(2); await training.send(path, f"{path}/collega", vacancy_id=v, on=SINCE.isoformat())
    await training.send(path, f"{path}/attiva", on=SINCE.isoformat())
    people=[await training.amina() for _ in range(5)]
    for p in people[:2]: await training.send(path, f"{path}/iscrivi", person_id=p, on=TODAY.isoformat())
    part=f"{path}/persone/{people[0]}"
    await training.send(part, f"{part}/completa", hours="80", certificate="skills", on=TODAY.isoformat())
    await training.course("2a", title="Italiano A2")
    out=Path("/tmp/shots"); out.mkdir(exist_ok=True)
    for name,p in {"list":"/","course":path,"part":f"{path}/persone/{people[1]}","people":"/persone","person":f"/persone/{people[0]}","new":"/corsi/nuovo"}.items():
        (out/f"{name}.html").write_text((await training.get(p)).text)
    import re
    link=re.search(r'href="/training([^"]+/fatti/[^"]+/correggi)"',(await training.get(path)).text)[1]
    (out/"corr.html").write_text((await training.get(link)).text)
    (out/"refused.html").write_text((await training.send(path, f"{path}/annulla", 409, reason="provider", on=TODAY.isoformat())).text if False else "")
