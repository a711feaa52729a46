"""What the codes of the plan and of casework are called in Italian: they stand in intake's facts.

Append only, as shared/web/labels.py.
"""

from __future__ import annotations

ACTION_KINDS = {
    "matching.placement": "Inserimento in azienda",
    "matching.traineeship": "Tirocinio in azienda",
    "matching.cv": "Curriculum e lettera",
    "matching.search": "Ricerca attiva e candidature",
    "matching.employment_centre": "Pratiche al centro per l'impiego",
    "matching.ips": "Percorso IPS con la salute mentale",
    "training.course": "Corso di formazione",
    "training.italian": "Corso di italiano",
    "training.soft_skills": "Competenze trasversali",
    "training.safety": "Sicurezza sul lavoro",
    "training.digital": "Competenze digitali",
    "training.skills_balance": "Bilancio di competenze",
    "training.school": "Titolo di studio (CPIA, scuola)",
    "training.licence": "Patente o abilitazione",
    "enterprise.start": "Avvio di un'attività",
    "enterprise.idea": "Prova dell'idea d'impresa",
    "enterprise.business_plan": "Piano economico",
    "enterprise.credit": "Credito sociale con la banca",
    "support.childcare": "Nido o cura dei figli",
    "support.elder_care": "Cura di anziani o familiari",
    "support.school": "Doposcuola e centri estivi",
    "support.transport": "Trasporti e accompagnamento",
    "support.hours": "Orari compatibili con la cura",
    "support.household": "Sostegno al nucleo familiare",
}
"""What an action of the plan can be (services/intake/domain/plans.py); `support` is family support."""
DOERS = {
    "person": "La persona",
    "operator": "L'operatore",
    "service": "Un servizio del programma",
    "partner": "Un altro ente",
}
PARTNERS = {
    "caritas": "Caritas",
    "parish": "Parrocchia",
    "social_services": "Servizi sociali",
    "quartiere": "Quartiere",
    "employment_centre": "Centro per l'impiego",
    "health_service": "Azienda sanitaria",
    "training_body": "Ente di formazione",
    "association": "Associazione",
    "trade_union": "Sindacato o patronato",
    "bank": "Banca (credito sociale)",
    "company": "Azienda",
    "region": "Regione Emilia-Romagna",
}
OVERLAP_MOTIVES = {
    "same": "È lo stesso intervento: il piano lo riporta",
    "complementary": "Interventi complementari",
    "different_need": "Risponde a un altro bisogno",
    "ending": "L'altro intervento sta per finire",
    "agreed_with_service": "Concordato con l'altro servizio",
}
CONTACT_CHANNELS = {
    "call": "Telefonata",
    "sms": "SMS",
    "email": "Posta elettronica",
    "whatsapp": "WhatsApp",
    "visit": "Visita",
}
CONTACT_OUTCOMES = {
    "answered": "Ha risposto",
    "no_answer": "Nessuna risposta",
    "wrong_number": "Recapito sbagliato",
    "message_left": "Lasciato un messaggio",
    "refused": "Non ha voluto parlare",
}
TRANSFER_MOTIVES = {
    "leaver": "L'operatore lascia l'incarico",
    "absence": "Assenza lunga",
    "workload": "Carico di lavoro",
    "area": "Cambio di zona",
    "language": "Lingua",
    "asked_by_person": "Chiesto dalla persona",
    "other": "Altro",
}
SUSPENSION_REASONS = {
    "personal": "Motivi personali o familiari",
    "short_work": "Lavoro breve",
    "away": "Lontana dal territorio",
    "other_measure": "Un'altra misura in corso",
    "other": "Altro",
}
SIGNERS = {"person": "Persona", "operator": "Operatore"}
SIGNING_WAYS = {"paper": "Su carta", "on_screen": "A schermo"}
REVIEW_OUTCOMES = {
    "on_track": "Procede",
    "to_change": "Da cambiare",
    "reached": "Obiettivi raggiunti",
    "given_up": "Lasciato",
}
CONFIRMED = {"done": "Compiuta", "dropped": "Lasciata"}
CONFIRM_EVIDENCE = {
    "document_seen": "Documento visto",
    "partner_told": "Lo dice l'ente",
    "person_told": "Lo dice la persona",
    "operator_did": "Fatta dall'operatore",
}
