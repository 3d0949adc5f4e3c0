"""German, Dutch, Swedish."""

from __future__ import annotations

from model_router.engine.orders.tongue import Acts, Things, Tongue

GERMAN = Tongue(
    code="de",
    begin=(
        "kannst_du könntest_du können_sie könnten_sie würdest_du würden_sie du_sollst sie_sollen du_musst "
        "sie_müssen ich_will ich_möchte "
        "ich_möchte_dass_du ich_will_dass_du hey hallo hi ok okay ja jetzt sofort dann danach anschließend auch "
        "und mal bitte_mal einfach "
        "mir hilf_mir vergiss_nicht_zu wir_müssen los"
    ),
    link="bitte dann danach anschließend und_dann sofort",
    hush=(
        "soll sollte sollten lohnt vorteile nachteile wie wieso warum weshalb was wann wo wer welche* wieviel "
        "wie_viel soll_ich sollte_ich darf_ich kann_ich muss_ich kann_man wenn_ich ob erklär* beispiel* "
        "funktion script skript* code programm* abfrage befehl* schreib_eine schreib_ein schreibe_eine "
        "schreibe_ein schreib_mir entwirf verfass* formulier* "
        "gedicht geschichte übersetz* fasse_zusammen fass korrigier* bedeutet unterschied nicht nie niemals kein* "
        "ohne vermeide sagte sagt meinte satz titel "
        "überschrift dialog vorlage entwurf anleitung tutorial schritte stell_dir tipps"
    ),
    after=(
        "wie_geht geht_das wie_mache_ich in_python in_sql in_java in_javascript in_excel unter_linux mit_git "
        "funktion regex beispiel auf_englisch ins_englische hintergrund"
    ),
    first=Acts(
        delete=(
            "lösch lösche löschen loesche loeschen entferne entfern entfernen leere leer leeren vernichte formatiere "
            "formatier formatieren überschreibe überschreib wirf schmeiß droppe drop wisch putz räum wipe "
            "deinstalliere deinstallier"
        ),
        revoke=(
            "entzieh entziehe entziehen sperr sperre sperren deaktiviere deaktivier deaktivieren widerrufe ändere "
            "ändern setz setze nimm schalte schalt öffne entsperr entriegele blockier blockiere"
        ),
        stop="stopp stoppe stoppen beende fahr fahre starte start neustarten schalte schalt kill killen",
        cancel=(
            "storniere stornier stornieren kündige kündig kündigen kündigen_sie sag sage widerrufe lösche streich "
            "streiche bestell beende annulliere"
        ),
        send=(
            "schick schicke schicken sende send senden verschicke versende leite leit antworte antwort maile "
            "beantworte "
            "informiere benachrichtige sag teile teil"
        ),
        call="ruf rufe rufen telefonier anrufen schreib schreibe informiere benachrichtige sag frag verbinde",
        post="poste posten veröffentliche veröffentlichen teile teil stell stelle lade lad twitter",
        pay=(
            "bezahl bezahle bezahlen zahl zahle zahlen überweise überweis überweisen spende spenden begleiche schick "
            "schicke lad lade erstatte buche transferiere heb hebe zieh"
        ),
        buy=(
            "kauf kaufe kaufen bestell bestelle bestellen besorg besorge abonniere abonnier hol nachbestellen verkauf "
            "verkaufe"
        ),
        book=(
            "buch buche buchen reservier reserviere reservieren miete miet mieten bestell bestelle ruf rufe hol "
            "hole besorg"
        ),
        deploy=(
            "deploy deploye deployen roll rolle veröffentliche bring bringe spiel spiele stell stelle starte führe "
            "release push pushe"
        ),
        merge="merge merg mergen führe push pushe force-push",
        grant="gib gebt geben_sie gewähre erteile füge mach mache ernenne lade teile räum",
        sign=(
            "unterschreib unterschreibe unterzeichne nimm reich reiche akzeptiere stelle gib genehmige bewirb "
            "signiere lehn lehne bewillige"
        ),
        schedule=(
            "setz setze vereinbare vereinbar plane plan leg lege trag trage organisiere verschieb verschiebe mach "
            "berufe verleg verlege"
        ),
    ),
    last=Acts(
        delete=(
            "löschen loeschen entfernen leeren formatieren überschreiben vernichten wegwerfen droppen deinstallieren "
            "rauswerfen streichen"
        ),
        revoke="entziehen sperren deaktivieren zurücksetzen ändern abschalten ausschalten entsperren",
        stop="stoppen neustarten neu_starten herunterfahren abschalten beenden runterfahren",
        cancel="stornieren kündigen absagen abbestellen",
        send="schicken senden verschicken weiterleiten abschicken rausschicken",
        call="anrufen benachrichtigen informieren",
        post="posten veröffentlichen hochladen",
        pay="bezahlen überweisen spenden begleichen zahlen anweisen aufladen",
        buy="kaufen bestellen nachbestellen besorgen verkaufen",
        book="buchen reservieren mieten",
        deploy="deployen ausrollen einspielen veröffentlichen live_schalten",
        merge="mergen",
        grant="geben erteilen gewähren einräumen freigeben",
        sign="unterschreiben unterzeichnen einreichen abgeben annehmen abzeichnen ablehnen genehmigen bewilligen",
        schedule="ansetzen vereinbaren eintragen verschieben einplanen verlegen vorverlegen",
    ),
    things=Things(
        data=(
            "datenbank* tabelle tabellen datei dateien ordner verzeichnis* festplatte* laufwerk* backup* sicherung* "
            "repository repo branch branches datensätze benutzer kunden konto konten account* daten alles fotos "
            "kontakte verlauf papierkorb postfach posteingang server cluster volume wecker erinnerung* liste "
            "einkaufsliste nachrichten mails e-mails profil chatverlauf usb-stick produktion app apps antivirus"
        ),
        access=(
            "zugang zugriff zugänge rechte adminrechte berechtigung* passwort passwörter konto konten account* "
            "token schlüssel admin administrator* karte kreditkarte pin tür haustür garage garagentor alarmanlage "
            "kamera* überwachungskamera* firewall schreibrechte leserechte zugriffsrechte"
        ),
        machines="server datenbank* dienst* instanz* maschine* prozess* cluster container router",
        events=(
            "meeting* termin termine besprechung* treffen veranstaltung* gespräch* anruf kalender mittagessen "
            "abendessen erinnerung* call vorstellungsgespräch arzttermin zahnarzttermin probe prüfung besichtigung"
        ),
        plans=(
            "abo abonnement vertrag verträge bestellung* buchung* reservierung* flug hotel reise netflix spotify "
            "fitnessstudio mitgliedschaft versicherung handyvertrag"
        ),
        messages=(
            "mail mails e-mail* email* nachricht* sms rechnung* bericht* erinnerung* newsletter einladung* "
            "angebot* dokument* vertrag whatsapp standort mahnung* foto fotos brief protokoll bescheid rundmail"
        ),
        people=(
            "mama papa mutter vater oma opa chef chefin team kunde kunden kundin allen meine_frau meinen_mann "
            "meiner_frau meinem_mann bruder schwester arzt polizei anwalt anwältin lieferant* mitarbeiter* "
            "vermieter krankenwagen feuerwehr taxi hausarzt"
        ),
        places=(
            "twitter facebook linkedin instagram slack blog website webseite kanal forum tiktok gruppe youtube "
            "story ebay x teams"
        ),
        money=(
            "euro dollar* € $ rechnung* miete strafzettel geld lieferant* bitcoin gebühr* steuer* gehalt gehälter "
            "rate beitrag strom stromrechnung kreditkarte paypal knöllchen rotes_kreuz öcken"
        ),
        goods=(
            "aktien ticket* karten pizza* laptop* handy buch bücher schuhe blumen milch essen bitcoin lizenz* abo "
            "geschenk* kaffee burger taxi uber kopfhörer sushi toner papier brot hundefutter druckerpapier "
            "waschmaschine döner"
        ),
        bookings=(
            "flug flüge hotel* zimmer tisch ticket* auto mietwagen zug taxi uber wohnung ferienwohnung platz "
            "plätze rückflug bahn ice unterkunft court"
        ),
        production=(
            "produktion prod produktiv* live livesystem app_store play_store npm pypi version release produktionsserver"
        ),
        branches="main master branch pr pull_request* pull-request* produktion",
        papers=(
            "vertrag verträge mietvertrag arbeitsvertrag vereinbarung antrag steuererklärung angebot formular* "
            "beschwerde klage bewerbung einspruch widerspruch kündigung anzeige spesen* einverständniserklärung "
            "urlaubsantrag einladung"
        ),
    ),
)

DUTCH = Tongue(
    code="nl",
    begin=(
        "kun_je kunt_u kan_je zou_je zou_u wil_je wilt_u je_moet u_moet ik_wil_dat_je ik_wil ik_moet hoi hallo hey "
        "ok oké ja nu dan daarna "
        "vervolgens ook en even alsjeblieft meteen gewoon mij me help_me graag"
    ),
    link="alsjeblieft alstublieft aub a.u.b. dan daarna vervolgens en_dan graag",
    hush=(
        "zelf programmaatje beleefder vriendelijker opsomming beeld kosteloos gratis ooit zinnen hoe waarom wat "
        "wanneer waar wie welke hoeveel moet_ik zal_ik mag_ik kan_ik "
        "als_ik of_ik leg_uit voorbeeld* functie script code programma query commando* schrijf_een "
        "gedicht verhaal vertaal* samenvat* vat corrigeer verbeter betekent verschil niet nooit geen zonder "
        "vermijd zei zegt zin titel dialoog sjabloon concept "
        "handleiding stappen stel tips"
    ),
    after=(
        "in_python in_sql in_java in_javascript in_excel in_linux met_git functie regex voorbeeld in_het_engels "
        "achtergrond"
    ),
    first=Acts(
        delete=(
            "verwijder verwijderen wis wissen gooi leeg maak formatteer vernietig overschrijf drop ruim delete "
            "deinstalleer veeg"
        ),
        revoke="trek blokkeer deactiveer ontneem wijzig verander reset zet schakel open ontgrendel neem haal",
        stop="stop herstart sluit zet kill schakel start",
        cancel="annuleer annuleren zeg schrap verwijder stop beëindig",
        send="stuur stuurt sturen verstuur verzend mail mailen beantwoord antwoord app bericht forward",
        call="bel bellen app waarschuw zeg vraag informeer laat",
        post="plaats post publiceer deel tweet zet upload",
        pay="betaal betalen maak doneer stort schenk geef stuur",
        buy="koop kopen bestel bestellen neem haal regel verkoop",
        book="boek boeken reserveer reserveren huur huren bestel bel regel",
        deploy="deploy rol zet publiceer breng release push draai",
        merge="merge push samenvoegen",
        grant="geef verleen voeg maak nodig deel",
        sign="teken onderteken accepteer dien vraag keur accordeer wijs weiger",
        schedule="plan maak zet verplaats verzet organiseer regel verschuif",
    ),
    last=Acts(
        delete="verwijderen wissen leegmaken formatteren deinstalleren weggooien",
        revoke="intrekken blokkeren deactiveren wijzigen",
        stop="stoppen herstarten afsluiten uitzetten",
        cancel="annuleren opzeggen afzeggen",
        send="sturen versturen verzenden doorsturen mailen",
        call="bellen",
        post="plaatsen posten",
        pay="betalen overmaken doneren",
        buy="kopen bestellen verkopen",
        book="boeken reserveren huren",
        deploy="deployen uitrollen",
        merge="mergen",
        grant="geven",
        sign="ondertekenen indienen afwijzen goedkeuren",
        schedule="inplannen verzetten",
    ),
    things=Things(
        data=(
            "database* tabel tabellen bestand* map mappen schijf backup* repository repo branch records gebruikers "
            "klanten account* gegevens alles foto's contacten geschiedenis prullenbak inbox server* cluster wekker "
            "herinnering* lijst berichten mails nieuwsbrieven profiel usb-stick productie bijlagen app apps"
        ),
        access=(
            "toegang rechten wachtwoord* account* token sleutel* admin beheerder beheerdersrechten pas creditcard "
            "pincode deur voordeur garage alarm camera* firewall schrijfrechten"
        ),
        machines="server* database* dienst service instantie* proces cluster",
        events=(
            "vergadering* afspraak afspraken meeting* overleg evenement* gesprek agenda lunch etentje herinnering* "
            "sollicitatiegesprek bezichtiging les examen"
        ),
        plans=(
            "abonnement contract bestelling* boeking* reservering* vlucht hotel reis netflix spotify sportschool "
            "lidmaatschap verzekering"
        ),
        messages=(
            "mail mails e-mail* email* bericht* sms factuur facturen rapport* herinnering* nieuwsbrief "
            "uitnodiging* offerte* document* contract whatsapp locatie appje foto* brief"
        ),
        people=(
            "mama papa moeder vader oma opa baas team klant klanten iedereen mijn_vrouw mijn_man broer zus dokter "
            "huisarts politie advocaat leverancier* medewerkers huisbaas ambulance brandweer taxi tandarts "
            "loodgieter"
        ),
        places="twitter facebook linkedin instagram slack blog website kanaal forum tiktok groep marktplaats youtube",
        money=(
            "euro* dollar* € $ factuur facturen huur boete geld leverancier* bitcoin belasting salaris* rekening "
            "contributie premie rode_kruis"
        ),
        goods=(
            "aandelen kaartje* ticket* pizza* laptop telefoon boek boeken schoenen bloemen melk eten bitcoin "
            "licentie* abonnement cadeau koffie taxi uber koptelefoon sushi toner papier brood boodschappen"
        ),
        bookings=(
            "vlucht hotel* kamer* tafel tafeltje kaartje* ticket* auto trein taxi uber appartement plek stoel* "
            "restaurant huisje"
        ),
        production="productie prod live app_store play_store npm pypi versie release",
        branches="main master branch pr pull_request productie",
        papers=(
            "contract* overeenkomst aanvraag aangifte belastingaangifte aanbod formulier* klacht bezwaar huurcontract "
            "sollicitatie declaraties zorgtoeslag uitnodiging verlofaanvraag bod"
        ),
    ),
)

SWEDISH = Tongue(
    code="sv",
    begin=(
        "kan_du kan_ni skulle_du_kunna vill_du du_måste jag_vill_att_du jag_vill jag_måste hej ok ja nu sedan och "
        "också snälla genast bara"
    ),
    link="snälla tack sedan därefter och_sedan vänligen",
    hush=(
        "hur varför vad när var vem vilken vilka ska_jag bör_jag kan_jag får_jag om_jag förklara exempel funktion "
        "skript kod program kommando* skriv_en skriv_ett dikt saga berättelse översätt sammanfatta rätta betyder "
        "skillnad inte aldrig utan undvik sa säger mening titel dialog mall utkast steg"
    ),
    after="i_python i_sql i_java i_javascript i_excel i_linux funktion regex exempel på_engelska bakgrund",
    first=Acts(
        delete=(
            "ta_bort tag_bort radera rensa töm släng formatera förstör skriv_över droppa avinstallera stryk plocka_bort"
        ),
        revoke="ta_bort återkalla spärra blockera inaktivera stäng_av ändra byt återställ lås_upp öppna",
        stop="stoppa stäng_av starta_om stäng_ner döda",
        cancel="avboka ställ_in säg_upp avbryt avsluta ta_bort",
        send="skicka mejla maila vidarebefordra svara messa sms:a hälsa säg_till berätta_för fråga",
        call="ring ringa meddela messa säg_till hälsa fråga",
        post="publicera posta lägg_upp dela twittra",
        pay="betala för_över skicka swisha donera skänk sätt_in ta_ut",
        buy="köp köpa beställ beställa sälj sälja",
        book="boka reservera hyr beställ ring",
        deploy="driftsätt deploya rulla_ut publicera släpp kör",
        merge="merga slå_ihop pusha",
        grant="ge lägg_till bjud_in gör",
        sign="signera skriv_under godkänn lämna_in skicka_in acceptera avslå tacka_nej attestera",
        schedule="boka planera lägg_in schemalägg flytta kalla skjut_upp ändra",
    ),
    things=Things(
        data=(
            "databas* tabell* fil filer filen mapp* disk* backup* säkerhetskopi* repo repot branch användare kunder "
            "konto konton kontot data allt bilder foton kontakter historik papperskorgen inkorg* server* kluster "
            "alarm larm påminnelse* lista meddelanden mejl profil app appen"
        ),
        access=(
            "åtkomst* behörighet* rättighet* skrivrättigheter lösenord* konto kontot token nyckel admin "
            "administratör kort kortet pin-kod dörren garage larm* kamera* brandvägg*"
        ),
        machines="server* databas* tjänst* instans* process* kluster",
        events=(
            "möte* tid tiden bokning* event intervju* samtal kalender* lunch middag påminnelse* tandläkartid visning "
            "lektion"
        ),
        plans=(
            "abonnemang* prenumeration* avtal beställning* bokning* flyg hotell resa netflix spotify gym "
            "medlemskap försäkring"
        ),
        messages=(
            "mejl mail e-post meddelande* sms faktura* fakturor rapport* påminnelse* nyhetsbrev inbjudan offert* "
            "dokument* avtal* position bilaga* bilagan brev"
        ),
        people=(
            "mamma pappa mormor farfar chef* team* kund kunder kunden alla min_fru min_man bror syster läkare polisen "
            "advokat* leverantör* anställda hyresvärd* ambulans svärfar granne* grannen rörmokare* kollegor*"
        ),
        places="twitter facebook linkedin instagram slack blogg* hemsida* kanal* forum tiktok grupp* youtube",
        money=(
            "kronor kr euro dollar € $ faktura* räkning* hyra hyran böter pengar leverantör* bitcoin skatt lön* "
            "röda_korset"
        ),
        goods=(
            "aktier biljett* pizza* dator* telefon* bok böcker skor blommor mjölk mat bitcoin licens* present "
            "kaffe taxi uber hörlurar sushi toner papper bröd"
        ),
        bookings="flyg* hotell* rum bord biljett* bil tåg taxi uber lägenhet plats stuga",
        production="produktion prod live app_store npm pypi version release",
        branches="main master branch pr pull_request produktion",
        papers=(
            "avtal* kontrakt* hyresavtal* ansökan deklaration* erbjudande* formulär klagomål inbjudan utlägg "
            "ledighetsansök*"
        ),
    ),
)
