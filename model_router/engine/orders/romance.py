"""Spanish, Portuguese, Italian, French."""

from __future__ import annotations

from model_router.engine.orders.tongue import Acts, Things, Tongue

SPANISH = Tongue(
    code="es",
    begin=(
        "puedes podrías podés podría_usted puede podría quiero_que necesito_que quiero necesito me_gustaría_que "
        "oye hola venga vale "
        "ok sí ahora ya luego después también y hay_que tienes_que debes ayúdame_a ve_y vamos_a te_pido_que "
        "hazme_el_favor_de favor_de"
    ),
    link="por_favor porfa luego después y_luego y_después quiero_que necesito_que y_ahora ahora",
    hush=(
        "cómo como_se como_puedo por_qué qué cuál* cuándo cuánto* dónde quién si_borro si_cancelo debería conviene "
        "puedo explica* "
        "ejemplo* función script código programa consulta comando* escribe redacta cuento poema historia traduce "
        "traducir "
        "resume resumir corrige significa diferencia no nunca jamás sin evita dijo dice dicen pidió frase* título "
        "diálogo "
        "plantilla borrador tutorial pasos guía imagina finge modelo_de"
    ),
    after=(
        "en_python en_sql en_java en_javascript en_excel en_bash en_linux en_git función regex ejemplo en_inglés "
        "en_francés fondo"
    ),
    first=Acts(
        delete=(
            "borra bórrame bórralo borrar borre borrad borrá elimina elimíname eliminar elimine eliminá eliminad "
            "suprime suprimir vacía vaciar vacíe limpia limpiar destruye destruir formatea formatear formatee "
            "sobrescribe quita quitar quite tira purga trunca arrasa desinstala desinstalar desinstale vacíame "
            "quítame"
        ),
        revoke=(
            "revoca revocar revoque quita quítale quitar desactiva desactivar desactive bloquea bloquear bloquee "
            "suspende cambia cambiar cambie resetea restablece abre abrir desbloquea apaga anula"
        ),
        stop="apaga apagar apague detén detener detenga reinicia reiniciar reinicie para parar mata tumba",
        cancel=(
            "cancela cancélame cancelar cancele cancelá anula anular anule dame_de_baja date_de_baja da_de_baja "
            "darme_de_baja desuscríbeme suspende borra quita elimina"
        ),
        send=(
            "envía envíale envíame enviar envíe envíen enviá mándale manda mandar mándame mande mandá reenvía "
            "reenviar reenvíale remite contesta contéstale responde respóndele responder escríbele dile avísale avisa "
            "avisar notifica diles avísales coméntale pregúntale"
        ),
        call=(
            "llama llámale llamar llame llamá telefonea marca avisa avísale dile márcale escríbele manda_un_mensaje "
            "pregúntale diles coméntale avísales"
        ),
        post="publica publicar publique publicá postea sube subir comparte compartir tuitea cuelga anuncia",
        pay=(
            "paga págame pagar pague pagá págale transfiere transferir transfiera transfiérele dona donar done manda "
            "mándale envía haz_una_transferencia ingresa recarga recargar abona gira bizum invierte recárgame saca "
            "rescata retira cóbrale abónale pásale"
        ),
        buy=(
            "compra cómprame comprar compre comprá encarga encárgame pide pídeme pedir pida pedime ordena suscríbeme "
            "renueva contrata consígueme vende vender venda véndeme"
        ),
        book=(
            "reserva resérvame reservar reserve reservá alquila alquílame alquilar pide pídeme llama cambia "
            "cancela sácame saca compra cómprame"
        ),
        deploy="despliega desplegar despliegue lanza publica sube subir haz_deploy pon pasa ejecuta corre",
        merge="fusiona fusionar mergea haz_merge mezcla haz_push sube aprueba",
        grant="da dale dar dé concede concédele otorga otorgar otórgale asigna añade agrega invita comparte hazle",
        sign=(
            "firma firmar firme acepta aceptar acepte presenta presentar presente aprueba entrega tramita rechaza "
            "rechazar declina"
        ),
        schedule=(
            "agenda agendar agéndame programa programar programe convoca concierta organiza ponme pon mueve fija cita "
            "reprograma reprogramar adelanta adelantar aplaza aplazar aplace pospón posponer retrasa cambia cambiar "
            "pasa"
        ),
    ),
    things=Things(
        data=(
            "base_de_datos bases_de_datos tabla tablas archivo* fichero* carpeta* directorio* disco* "
            "copia_de_seguridad copias_de_seguridad respaldo* backup* repositorio* rama ramas registros usuarios "
            "clientes cuenta cuentas datos todo fotos contactos historial bandeja papelera servidor* clúster volumen "
            "esquema alarma* recordatorio* lista listas correos publicaci* tuits perfil producción aplicación "
            "aplicaciones app apps antivirus"
        ),
        access=(
            "acceso* permiso* contraseña* clave* cuenta cuentas privilegio* token* administrador* admin tarjeta* "
            "pin puerta* garaje alarma* cámara* cortafuegos rol llave*"
        ),
        machines="servidor* clúster base_de_datos servicio* instancia* máquina* proceso* router contenedor*",
        events=(
            "reunión reuniones cita citas evento* entrevista* llamada* calendario comida cena videollamada "
            "recordatorio* clase* junta juntas ensayo desayuno examen visita sesión partido"
        ),
        plans=(
            "suscripción suscripciones membresía contrato pedido* reserva* vuelo* hotel viaje netflix spotify "
            "gimnasio plan seguro póliza orden"
        ),
        messages=(
            "correo* email* e-mail mail mensaje* sms factura* informe* reporte* recordatorio* boletín invitaci* "
            "notificaci* presupuesto* documento* contrato* whatsapp ubicación nómina* foto* que_llego que_voy carta"
        ),
        people=(
            "mamá papá madre padre jefe jefa equipo cliente clientes todos mi_mujer mi_marido mi_hermana "
            "mi_hermano hermano hermana médico policía abogado abogada casero proveedor* empleados abuela abuelo "
            "bomberos ambulancia taxi dentista fontanero"
        ),
        places="twitter facebook linkedin instagram slack blog web redes canal foro tiktok x whatsapp youtube",
        money=(
            "euro* dólar* peso* € $ factura* alquiler renta recibo* multa* dinero proveedor* bitcoin btc cuota* "
            "impuesto* hipoteca sueldo* nómina* luz tarjeta saldo deuda donativo* cruz_roja prepago telepeaje ahorro* "
            "pensiones abono"
        ),
        goods=(
            "acciones entrada* boleto* billete* pizza* portátil* móvil* teléfono libro* zapatos zapatillas flores "
            "leche comida bitcoin licencia* suscripción regalo* café hamburguesa* taxi uber auriculares sushi "
            "tinta papel pan pienso cafetera"
        ),
        bookings=(
            "vuelo* hotel* habitaci* mesa mesas entrada* boleto* billete* coche auto carro tren taxi uber "
            "apartamento* pista asiento* cita cabaña restaurante"
        ),
        production="producción prod entorno_real app_store npm pypi versión migraci* release",
        branches="main master rama pr pull_request producción",
        papers=(
            "contrato* acuerdo* solicitud* declaraci* oferta* demanda* formulario* reclamaci* arrendamiento petici* "
            "currículum recurso invitación propuesta presupuesto vacaciones gastos"
        ),
    ),
)

PORTUGUESE = Tongue(
    code="pt",
    begin=(
        "você_pode pode poderia podes podias consegue quero_que preciso_que preciso quero gostaria_que oi olá ei "
        "ok sim agora já "
        "depois também e me vai vá_em_frente_e temos_que tem_que ajuda-me_a"
    ),
    link="por_favor pf depois e_depois em_seguida quero_que preciso_que agora",
    hush=(
        "como por_que porquê por_quê o_que qual quais quando quanto* onde quem devo deveria posso se_eu explique "
        "explica exemplo* função script "
        "código programa consulta_sql comando* escreva escreve redija redige conto poema história traduza traduz "
        "resuma resume corrija "
        "corrige significa diferença não nunca jamais sem evite disse diz pediu frase* título diálogo modelo "
        "rascunho tutorial imagine finja"
    ),
    after=(
        "em_python em_sql em_java em_javascript no_excel em_bash no_linux no_git função regex exemplo em_inglês fundo"
    ),
    first=Acts(
        delete=(
            "apague apaga apagar exclua exclui excluir delete deleta deletar remova remove remover elimine elimina "
            "eliminar limpe limpa limpar esvazie formate formata formatar destrua sobrescreva zere zera dropa dropar "
            "desinstala desinstale tira tire risca"
        ),
        revoke=(
            "revogue revoga revogar desative desativa desativar bloqueie bloqueia bloquear suspenda remova tire tira "
            "troque altere mude redefina abra abre destranque desbloqueie desligue cancele suste susta"
        ),
        stop="desligue desliga desligar pare parar reinicie reinicia reiniciar derrube mate",
        cancel="cancele cancela cancelar anule desmarque desmarca encerre apague remova",
        send=(
            "envie envia enviar mande manda mandar encaminhe encaminha encaminhar responda responde avise avisa diga "
            "notifique pergunta_pra pergunta_pro fala_pra fala_pro diz_pra diz_pro"
        ),
        call="ligue liga ligar telefone chame chama avise avisa mande_mensagem diga",
        post="publique publica publicar poste posta postar compartilhe compartilha tuíte suba anuncie",
        pay=(
            "pague paga pagar transfira transfere transferir doe doa doar mande manda envie faça_um_pix faz_um_pix "
            "faça_pix deposite recarregue invista bota aposta deposita saca quita acerta"
        ),
        buy="compre compra comprar encomende encomenda peça pede pedir assine renove adquira vende venda vender",
        book=(
            "reserve reserva reservar alugue aluga alugar peça pede chame chama marque compre compra cancele remarque"
        ),
        deploy=(
            "implante publique suba sobe lance faça_deploy faz_deploy faça_o_deploy faz_o_deploy coloque rode desfaz "
            "desfaça reverte reverta"
        ),
        merge="mescle faça_merge faz_merge faça_o_merge faz_o_merge mergeie dê_push aprove",
        grant="dê dá conceda concede adicione libere atribua convide torne",
        sign="assine assina assinar aceite aceita envie_o submeta protocole entregue aprove recusa recuse recusar",
        schedule=(
            "agende agenda agendar marque marca marcar programe convoque remarque adia adie adiar antecipa antecipe "
            "muda mude mudar remarca remarcar posterga passa"
        ),
    ),
    things=Things(
        data=(
            "banco_de_dados base_de_dados bancos do_banco da_base tabela* arquivo* ficheiro* pasta* diretório* disco* backup* cópia* "
            "repositório* branch* registros registos usuários utilizadores clientes conta contas dados tudo fotos "
            "contatos histórico lixeira servidor* cluster* volume* alarme* lembrete* lista e-mails emails mensagens "
            "produção perfil app aplicativo antivírus"
        ),
        access=(
            "acesso* permiss* senha* conta contas privilégio* token* chave* administrador* admin cartão cartões pin "
            "porta* portão garagem alarme* câmera* firewall cheque"
        ),
        machines="servidor* cluster* banco_de_dados serviço* instância* máquina* processo* contêiner*",
        events=(
            "reunião reuniões consulta* compromisso* evento* entrevista* chamada* calendário almoço jantar lembrete* "
            "aula* visita sessão exame prova despertador"
        ),
        plans=(
            "assinatura* subscrição contrato pedido* reserva* voo* hotel viagem netflix spotify academia plano "
            "seguro encomenda*"
        ),
        messages=(
            "e-mail* email* mensagem mensagens sms fatura* relatório* lembrete* boletim convite* notificaç* "
            "orçamento* documento* contrato* whatsapp localização zap foto* carta"
        ),
        people=(
            "mãe pai minha_mãe meu_pai chefe equipe equipa cliente clientes todos minha_esposa meu_marido irmã "
            "irmão médico polícia advogado fornecedor* funcionários avó avô ambulância dentista senhorio"
        ),
        places="twitter facebook linkedin instagram slack blog site redes canal fórum tiktok grupo stories youtube",
        money=(
            "reais real r$ euro* dólar* € $ fatura* aluguel renda conta boleto* multa* dinheiro fornecedor* "
            "bitcoin pix mensalidade imposto* luz salário* cruz_vermelha condomínio"
        ),
        goods=(
            "ações ingresso* bilhete* passagem passagens pizza* notebook* celular telemóvel livro* tênis flores "
            "leite comida bitcoin licença* assinatura presente café hambúrguer uber táxi fone* sushi ração pão"
        ),
        bookings=(
            "voo* hotel* quarto* mesa ingresso* bilhete* passagem passagens carro trem comboio táxi uber "
            "apartamento* quadra assento* restaurante consulta"
        ),
        production="produção prod app_store play_store npm pypi versão release",
        branches="main master branch* pr pull_request produção",
        papers=(
            "contrato* acordo* solicitaç* declaração imposto_de_renda proposta* formulário* reclamação pedido_de "
            "petição currículo requerimento* convite férias despesas"
        ),
    ),
)

ITALIAN = Tongue(
    code="it",
    begin=(
        "puoi potresti può potrebbe vorrei_che voglio_che ho_bisogno_che voglio vorrei devi ehi ciao ok sì adesso "
        "ora subito poi anche e "
        "dai mi aiutami_a bisogna dobbiamo vai_e ti_chiedo_di"
    ),
    link="per_favore per_piacere poi e_poi dopo quindi voglio_che ora adesso subito",
    hush=(
        "come perché cosa che_cosa quale quali quando quanto quanti quanta dove chi dovrei posso conviene "
        "se_cancello spiega* spiegami esempio* funzione script codice "
        "programma query comando* scrivi scrivimi redigi racconto poesia storia traduci tradurre riassumi correggi "
        "significa differenza non mai senza "
        "evita disse dice detto chiesto frase titolo dialogo modello bozza tutorial guida immagina fingi"
    ),
    after=(
        "in_python in_sql in_java in_javascript in_excel in_bash su_linux in_git funzione regex esempio in_inglese "
        "sfondo"
    ),
    first=Acts(
        delete=(
            "cancella cancellami cancellare cancelli cancellate elimina eliminami eliminare elimini eliminate rimuovi "
            "rimuovere rimuova svuota svuotare formatta formattare distruggi sovrascrivi azzera pulisci togli butta "
            "disinstalla disinstallare disinstalli leva"
        ),
        revoke=(
            "revoca revocare revochi disattiva disattivare disattivi blocca bloccare blocchi sospendi togli cambia "
            "cambiare modifica reimposta apri sblocca disabilita spegni sbloccare sblocchi"
        ),
        stop="spegni spegnere spenga ferma fermare arresta riavvia riavviare riavvii",
        cancel=(
            "annulla annullare annulli disdici disdire disdica cancella cancellami cancellare elimina disiscrivimi "
            "rescindi"
        ),
        send=(
            "invia inviami inviare invii inviagli manda mandami mandare mandi mandagli inoltra inoltrare rispondi "
            "rispondigli rispondere spedisci spedire avvisa avverti di'"
        ),
        call=(
            "chiama chiamare chiami chiamami telefona telefonare avvisa scrivi_a manda_un_messaggio avverti digli "
            "dille richiama"
        ),
        post="pubblica pubblicare pubblichi posta postare condividi twitta annuncia carica",
        pay=(
            "paga pagare paghi pagami trasferisci bonifica fai_un_bonifico dona donare salda versa manda invia "
            "ricarica ricaricami accredita investi"
        ),
        buy=(
            "compra comprami comprare compri acquista acquistare acquisti ordina ordinami ordinare ordini abbonami "
            "rinnova prendimi vendi vendere"
        ),
        book=(
            "prenota prenotami prenotare prenoti noleggia noleggiami chiama chiamami affitta sposta cambia compra "
            "acquista affittare prendi"
        ),
        deploy="distribuisci rilascia pubblica metti manda fai_il_deploy fai_deploy deploya porta esegui",
        merge="unisci fai_il_merge fai_merge mergia fai_push approva",
        grant="dai da' concedi assegna aggiungi rendi invita autorizza condividi",
        sign=(
            "firma firmare firmi accetta accettare presenta presentare invia_la inoltra approva compila_e_invia "
            "rifiuta rifiutare rifiuti boccia"
        ),
        schedule=(
            "fissa fissare fissami programma pianifica organizza convoca metti sposta rimanda rimandare posticipa "
            "posticipare rinvia rinviare rinvii anticipa spostare sposti"
        ),
    ),
    things=Things(
        data=(
            "database banca_dati tabella tabelle file cartella cartelle directory disco dischi backup "
            "copie_di_sicurezza repository repo ramo record utenti clienti account dati tutto foto contatti "
            "cronologia cestino server cluster volume sveglia promemoria lista messaggi email mail produzione profilo "
            "app applicazione antivirus"
        ),
        access=(
            "accesso accessi permess* password account privilegi* token chiave chiavi amministratore admin carta "
            "pin porta garage cancello allarme telecamer* firewall antifurto diritti"
        ),
        machines="server cluster database servizio servizi istanz* macchin* process* container",
        events=(
            "riunione riunioni appuntament* evento eventi colloqui* chiamata calendario pranzo cena call promemoria "
            "lezione visita esame assemblea seduta"
        ),
        plans=(
            "abbonament* contratto ordine ordini prenotazion* volo hotel viaggio netflix spotify palestra "
            "iscrizione polizza"
        ),
        messages=(
            "email e-mail mail messaggi* sms fattura fatture report rapporto promemoria newsletter invit* notifica "
            "preventiv* document* contratt* whatsapp posizione foto lettera"
        ),
        people=(
            "mamma papà madre padre capo team squadra cliente clienti tutti mia_moglie mio_marito mia_sorella "
            "mio_fratello medico polizia avvocato fornitor* dipendenti nonna nonno ambulanza dentista idraulico "
            "padrone_di_casa"
        ),
        places="twitter facebook linkedin instagram slack blog sito social canale forum tiktok gruppo youtube",
        money=(
            "euro dollari € $ fattura fatture affitto bolletta bollette multa soldi fornitor* bitcoin rata tasse "
            "mutuo stipendi* condominio croce_rossa imu canone"
        ),
        goods=(
            "azioni bigliett* pizza pizze portatile telefono libro libri scarpe fiori latte cibo bitcoin licenz* "
            "abbonamento regalo caffè hamburger taxi uber cuffie sushi toner pane crocchette"
        ),
        bookings=(
            "volo voli hotel camera camere tavolo bigliett* auto macchina treno taxi uber appartament* campo posto "
            "posti ristorante visita agriturismo villa stanza"
        ),
        production="produzione prod app_store play_store npm pypi versione release",
        branches="main master ramo branch pr pull_request produzione",
        papers=(
            "contratt* accord* domanda dichiarazione offerta modul* reclamo ricorso richiesta nda petizione "
            "curriculum locazione invito ferie spese candidatura"
        ),
    ),
)

FRENCH = Tongue(
    code="fr",
    begin=(
        "peux-tu pourrais-tu pouvez-vous pourriez-vous tu_peux vous_pouvez tu_pourrais je_veux_que_tu "
        "je_voudrais_que_tu je_veux je_voudrais j'aimerais_que_tu "
        "il_faut salut bonjour hé hey ok oui maintenant ensuite puis aussi et vas-y allez tu_dois vous_devez "
        "veuillez merci_de aide-moi_à "
        "prière_de n'oublie_pas_de il_faudrait"
    ),
    link=(
        "s'il_te_plaît s'il_vous_plaît stp svp puis ensuite et_ensuite et_puis veuillez merci_de maintenant après_ça"
    ),
    hush=(
        "comment pourquoi quoi que_se que_faire quel quelle quels quelles quand combien où qui est-ce_que dois-je "
        "devrais-je puis-je faut-il si_je explique* expliquez exemple* "
        "fonction script code programme requête commande_pour écris écrivez rédige rédigez conte poème histoire "
        "traduis traduisez traduire "
        "résume résumez corrige corrigez signifie différence ne n' pas jamais sans évite dit disait demandé phrase "
        "titre dialogue modèle brouillon "
        "tutoriel guide imagine qu'est-ce"
    ),
    after=(
        "en_python en_sql en_java en_javascript dans_excel en_bash sous_linux avec_git fonction regex exemple "
        "en_anglais arrière-plan fond"
    ),
    first=Acts(
        delete=(
            "supprime supprime-moi supprimez supprimer efface effacez effacer vide videz vider détruis détruire "
            "formate formatez formater écrase purge purgez enlève retire jette désinstalle désinstallez désinstaller "
            "vire"
        ),
        revoke=(
            "révoque révoquez révoquer désactive désactivez désactiver bloque bloquez bloquer suspends suspendez "
            "retire retirez change changez changer réinitialise réinitialisez ouvre déverrouille enlève coupe"
        ),
        stop="arrête arrêtez arrêter éteins éteignez éteindre redémarre redémarrez redémarrer coupe tue stoppe",
        cancel=(
            "annule annulez annuler résilie résiliez résilier décommande désabonne-moi désabonnez-moi "
            "désinscris-moi supprime supprimez"
        ),
        send=(
            "envoie envoyez envoyer envoie-lui envoie-moi transfère transférez transférer réponds répondez répondre "
            "expédie expédiez fais_suivre préviens dis transmets transmettez dis-lui demande-lui écris-lui"
        ),
        call=(
            "appelle appelez appeler téléphone téléphonez préviens prévenez dis envoie_un_message transmets joins "
            "dis-lui demande-lui écris-lui"
        ),
        post="publie publiez publier poste postez partage partagez tweete mets_en_ligne annonce",
        pay=(
            "paie paye payez payer règle réglez régler vire virez virer transfère verse versez donne fais_un_virement "
            "fais_un_don envoie envoyez rembourse recharge investis solde rends"
        ),
        buy=(
            "achète achetez acheter achète-moi commande commandez commander commande-moi abonne-moi renouvelle "
            "prends-moi vends vendez vendre fais_livrer faites_livrer"
        ),
        book="réserve réservez réserver réserve-moi loue louez louer appelle commande achète prends annule modifie",
        deploy="déploie déployez déployer publie mets mettez lance pousse livre",
        merge="fusionne fusionnez fusionner merge mergez pousse force_le_push approuve",
        grant="donne donnez accorde accordez ajoute attribue invite nomme autorise partage",
        sign=(
            "signe signez signer accepte acceptez accepter soumets soumettez dépose déposez valide refuse refusez "
            "décline validez approuve approuvez"
        ),
        schedule=(
            "planifie planifiez programme programmez fixe fixez organise organisez cale décale reporte reprogramme "
            "avance repousse repoussez déplace déplacez remets décalez"
        ),
    ),
    things=Things(
        data=(
            "base_de_données bases_de_données base table tables fichier* dossier* répertoire* disque* sauvegarde* "
            "dépôt dépôts branche* enregistrements utilisateurs clients compte comptes données tout photos contacts "
            "historique corbeille boîte serveur* cluster* volume alarme* rappel* liste messages mails e-mails "
            "production profil application* appli antivirus"
        ),
        access=(
            "accès droits permission* mot_de_passe mots_de_passe compte comptes privilège* token* jeton* clé clés "
            "administrateur* admin carte pin porte* garage alarme caméra* pare-feu portail"
        ),
        machines="serveur* cluster base_de_données service* instance* machine* processus conteneur*",
        events=(
            "réunion* rendez-vous rdv événement* entretien* appel agenda déjeuner dîner rappel* visio cours point "
            "séance* visite examen match répétition créneau"
        ),
        plans=(
            "abonnement* contrat commande* réservation* vol hôtel voyage netflix spotify salle inscription "
            "assurance forfait"
        ),
        messages=(
            "mail mails e-mail* email* courriel* message* sms texto facture* rapport* rappel* newsletter "
            "invitation* notification* devis document* contrat* whatsapp position photo* lettre"
        ),
        people=(
            "maman papa mère père chef patron équipe client clients tout_le_monde ma_femme mon_mari ma_sœur mon_frère "
            "médecin police avocat fournisseur* salariés mamie papi samu pompiers dentiste plombier propriétaire "
            "voisin* bailleur proprio gars collègues locataire*"
        ),
        places="twitter facebook linkedin instagram slack blog site réseaux canal forum tiktok groupe youtube x",
        money=(
            "euro* dollar* € $ facture* loyer amende* argent fournisseur* bitcoin mensualité impôt* prêt salaire* "
            "électricité cotisation croix-rouge cantine"
        ),
        goods=(
            "actions billet* place pizza* ordinateur* téléphone livre* chaussures fleurs lait courses bitcoin "
            "licence* abonnement cadeau café burger* taxi uber écouteurs casque sushi* cartouche* pain croquettes"
        ),
        bookings=(
            "vol vols hôtel* chambre* table billet* voiture train taxi uber vtc appartement* court place* "
            "restaurant gîte"
        ),
        production="production prod app_store play_store npm pypi version release",
        branches="main master branche* pr pull_request production",
        papers=(
            "contrat* accord* demande* déclaration* offre* formulaire* plainte réclamation bail recours pétition "
            "candidature dossier_de invitation congé* frais devis"
        ),
    ),
)
